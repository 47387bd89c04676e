package deploy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/function"
)

// settings sets what stands beside the function, and may speak of others.
func (d *deployment) settings() error {
	out, err := d.client.GetFunction(d.ctx, &lambda.GetFunctionInput{FunctionName: &d.want.Name})
	if err != nil {
		return err
	}
	for _, set := range []func(*lambda.GetFunctionOutput) error{d.tags, d.concurrency, d.recursion, d.alias, d.async, d.provisioned, d.url} {
		if err := set(out); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployment) tags(now *lambda.GetFunctionOutput) error {
	arn := now.Configuration.FunctionArn
	set := map[string]string{}
	for name, value := range d.want.Tags {
		if old, ok := now.Tags[name]; !ok || old != value {
			set[name] = value
		}
	}
	var gone []string
	for name := range now.Tags {
		if _, ok := d.want.Tags[name]; !ok && d.want.Exact && !strings.HasPrefix(name, "aws:") {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	if len(gone) > 0 {
		if _, err := d.client.UntagResource(d.ctx, &lambda.UntagResourceInput{Resource: arn, TagKeys: gone}); err != nil {
			return fmt.Errorf("remove tags: %w", err)
		}
	}
	if len(set) > 0 {
		if _, err := d.client.TagResource(d.ctx, &lambda.TagResourceInput{Resource: arn, Tags: set}); err != nil {
			return fmt.Errorf("set tags: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		d.changed(strings.TrimPrefix(name, "runner:"))
	}
	for _, name := range gone {
		d.changed(strings.TrimPrefix(name, "runner:"))
	}
	return nil
}

func (d *deployment) concurrency(now *lambda.GetFunctionOutput) error {
	has := now.Concurrency != nil && now.Concurrency.ReservedConcurrentExecutions != nil
	name := &d.want.Name
	var err error
	switch want := d.want.Reserved; {
	case want == nil && (d.want.Exact || d.want.Unreserve) && has:
		_, err = d.client.DeleteFunctionConcurrency(d.ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: name})
	case want != nil && (!has || int(*now.Concurrency.ReservedConcurrentExecutions) != *want):
		_, err = d.client.PutFunctionConcurrency(d.ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: int32s(want)})
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("reserve concurrency: %w", err)
	}
	d.changed("reserved concurrency")
	return nil
}

func (d *deployment) recursion(*lambda.GetFunctionOutput) error {
	want := d.want.Recursion
	if want == nil {
		return nil
	}
	now, err := d.client.GetFunctionRecursionConfig(d.ctx, &lambda.GetFunctionRecursionConfigInput{FunctionName: &d.want.Name})
	if err != nil || string(now.RecursiveLoop) == *want {
		return err
	}
	_, err = d.client.PutFunctionRecursionConfig(d.ctx, &lambda.PutFunctionRecursionConfigInput{FunctionName: &d.want.Name, RecursiveLoop: types.RecursiveLoop(*want)})
	if err != nil {
		return fmt.Errorf("say what becomes of loops: %w", err)
	}
	d.changed("recursion")
	return nil
}

// qualifier is what the settings of events and of ready instances belong to,
// as SAM has it.
func (d *deployment) qualifier() string {
	if d.want.Alias != "" {
		return d.want.Alias
	}
	return function.Latest
}

func (d *deployment) async(*lambda.GetFunctionOutput) error {
	name, qualifier := &d.want.Name, aws.String(d.qualifier())
	now, err := d.client.GetFunctionEventInvokeConfig(d.ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: name, Qualifier: qualifier})
	none := missing(err)
	if err != nil && !none {
		return err
	}
	want := d.want.Async
	switch {
	case want == nil && (none || !d.want.Exact):
		return nil
	case want == nil:
		_, err = d.client.DeleteFunctionEventInvokeConfig(d.ctx, &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: name, Qualifier: qualifier})
	case !none && want.is(now):
		return nil
	default:
		_, err = d.client.PutFunctionEventInvokeConfig(d.ctx, &lambda.PutFunctionEventInvokeConfigInput{
			FunctionName: name, Qualifier: qualifier,
			MaximumRetryAttempts: int32s(want.Retries), MaximumEventAgeInSeconds: int32s(want.MaxAge),
			DestinationConfig: want.destinations(),
		})
	}
	if err != nil {
		return fmt.Errorf("say what becomes of queued events: %w", err)
	}
	d.changed("event invoke configuration")
	return nil
}

func (a *Async) destinations() *types.DestinationConfig {
	c := &types.DestinationConfig{}
	if a.OnSuccess != "" {
		c.OnSuccess = &types.OnSuccess{Destination: &a.OnSuccess}
	}
	if a.OnFailure != "" {
		c.OnFailure = &types.OnFailure{Destination: &a.OnFailure}
	}
	return c
}

func (a *Async) is(now *lambda.GetFunctionEventInvokeConfigOutput) bool {
	success, failure := "", ""
	if c := now.DestinationConfig; c != nil && c.OnSuccess != nil {
		success = aws.ToString(c.OnSuccess.Destination)
	}
	if c := now.DestinationConfig; c != nil && c.OnFailure != nil {
		failure = aws.ToString(c.OnFailure.Destination)
	}
	return same(now.MaximumRetryAttempts, a.Retries) && same(now.MaximumEventAgeInSeconds, a.MaxAge) && success == a.OnSuccess && failure == a.OnFailure
}

func same(is *int32, want *int) bool {
	return (is == nil) == (want == nil) && (is == nil || int(*is) == *want)
}

func (d *deployment) provisioned(*lambda.GetFunctionOutput) error {
	want := d.want.Provisioned
	if d.want.Alias == "" || want == nil && !d.want.Exact {
		return nil
	}
	name, alias := &d.want.Name, &d.want.Alias
	now, err := d.client.GetProvisionedConcurrencyConfig(d.ctx, &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: name, Qualifier: alias})
	_, none := errors.AsType[*types.ProvisionedConcurrencyConfigNotFoundException](err)
	if err != nil && !none {
		return err
	}
	switch {
	case want == nil && none:
		return nil
	case want == nil:
		_, err = d.client.DeleteProvisionedConcurrencyConfig(d.ctx, &lambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: name, Qualifier: alias})
	case !none && int(aws.ToInt32(now.RequestedProvisionedConcurrentExecutions)) == *want:
		return nil
	default:
		_, err = d.client.PutProvisionedConcurrencyConfig(d.ctx, &lambda.PutProvisionedConcurrencyConfigInput{FunctionName: name, Qualifier: alias, ProvisionedConcurrentExecutions: int32s(want)})
	}
	if err != nil {
		return fmt.Errorf("keep instances ready: %w", err)
	}
	d.changed("provisioned concurrency")
	return nil
}
