package api

import (
	"time"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// isoTime is how Lambda writes times of functions.
const isoTime = "2006-01-02T15:04:05.000-0700"

// A configuration is Lambda's FunctionConfiguration.
type configuration struct {
	FunctionName     string
	FunctionArn      string
	Runtime          string
	Role             string
	Handler          string
	CodeSize         int64
	Description      string
	Timeout          int // seconds
	MemorySize       int // MB
	LastModified     string
	CodeSha256       string
	Version          string
	Environment      *environment      `json:",omitempty"`
	DeadLetterConfig *deadLetterConfig `json:",omitempty"`
	TracingConfig    tracingConfig
	RevisionId       string
	PackageType      string
	Architectures    []string
	EphemeralStorage ephemeralStorage
	SnapStart        snapStart
	LoggingConfig    loggingConfig

	*progress // not in lists
}

// A progress is what a FunctionConfiguration says of how far the function is.
type progress struct {
	State                      string
	StateReason                string `json:",omitempty"`
	StateReasonCode            string `json:",omitempty"`
	LastUpdateStatus           string
	LastUpdateStatusReason     string `json:",omitempty"`
	LastUpdateStatusReasonCode string `json:",omitempty"`
}

type (
	environment      struct{ Variables map[string]string }
	deadLetterConfig struct{ TargetArn string }
	tracingConfig    struct{ Mode string }
	ephemeralStorage struct{ Size int } // MB
	snapStart        struct{ ApplyOn, OptimizationStatus string }
	loggingConfig    struct{ LogFormat, LogGroup string }
)

// toConfiguration describes a version by the name that was asked for.
func toConfiguration(c *function.Config, arn string) configuration {
	out := toListed(c, arn)
	out.progress = &progress{
		State:                      status(c.State, "Active"),
		StateReason:                c.State.Reason,
		StateReasonCode:            c.State.Code,
		LastUpdateStatus:           status(c.Update, "Successful"),
		LastUpdateStatusReason:     c.Update.Reason,
		LastUpdateStatusReasonCode: c.Update.Code,
	}
	return out
}

func status(p function.Progress, done string) string {
	if p.Done() {
		return done
	}
	return p.Status
}

// toListed is toConfiguration for lists.
func toListed(c *function.Config, arn string) configuration {
	out := configuration{
		FunctionName:     c.Name,
		FunctionArn:      arn,
		Runtime:          c.Runtime,
		Role:             c.Role,
		Handler:          c.Handler,
		CodeSize:         c.CodeSize,
		Description:      c.Description,
		Timeout:          int(c.Timeout / time.Second),
		MemorySize:       c.Memory,
		LastModified:     c.Modified.UTC().Format(isoTime),
		CodeSha256:       c.Code.Base64(),
		Version:          c.Version,
		TracingConfig:    tracingConfig{c.Tracing},
		RevisionId:       c.Revision,
		PackageType:      "Zip",
		Architectures:    []string{c.Arch},
		EphemeralStorage: ephemeralStorage{c.TmpSize},
		SnapStart:        snapStart{"None", "Off"},
		LoggingConfig:    loggingConfig{"Text", logGroup(c)},
	}
	if len(c.Env) > 0 {
		out.Environment = &environment{c.Env}
	}
	if c.DeadLetter != "" {
		out.DeadLetterConfig = &deadLetterConfig{c.DeadLetter}
	}
	return out
}

func logGroup(c *function.Config) string { return "/aws/lambda/" + c.Name }

// qualified is the name of a version with the version in it, $LATEST too.
func qualified(c *function.Config) string { return function.ARN(c.Name, c.Version) }

type concurrency struct{ ReservedConcurrentExecutions int }

func toConcurrency(f *registry.Function) *concurrency {
	if f.Reserved == nil {
		return nil
	}
	return &concurrency{*f.Reserved}
}
