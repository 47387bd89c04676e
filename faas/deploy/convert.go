package deploy

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// or is what is wanted, or otherwise the default.
func or[T any](want *T, otherwise T) T {
	if want == nil {
		return otherwise
	}
	return *want
}

// other tells whether something is wanted that is not so.
func other[T comparable](want *T, is T) bool { return want != nil && *want != is }

func int32s(n *int) *int32 {
	if n == nil {
		return nil
	}
	return aws.Int32(int32(*n))
}

func seconds(d *time.Duration) *int32 {
	if d == nil {
		return nil
	}
	return aws.Int32(int32(*d / time.Second))
}

func storage(mb *int) *types.EphemeralStorage {
	if mb == nil {
		return nil
	}
	return &types.EphemeralStorage{Size: int32s(mb)}
}

func environment(env map[string]string) *types.Environment {
	if env == nil {
		return nil
	}
	return &types.Environment{Variables: env}
}

func variables(c *types.FunctionConfiguration) map[string]string {
	if c.Environment == nil {
		return nil
	}
	return c.Environment.Variables
}

func deadLetter(arn *string) *types.DeadLetterConfig {
	if arn == nil {
		return nil
	}
	return &types.DeadLetterConfig{TargetArn: arn}
}

func target(c *types.FunctionConfiguration) string {
	if c.DeadLetterConfig == nil {
		return ""
	}
	return aws.ToString(c.DeadLetterConfig.TargetArn)
}

func tracing(mode *string) *types.TracingConfig {
	if mode == nil {
		return nil
	}
	return &types.TracingConfig{Mode: types.TracingMode(*mode)}
}
