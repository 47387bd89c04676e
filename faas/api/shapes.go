package api

import (
	"cmp"
	"time"

	"triptych/faas/function"
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
	State            string
	StateReason      string `json:",omitempty"`
	StateReasonCode  string `json:",omitempty"`
	LastUpdateStatus string
	PackageType      string
	Architectures    []string
	EphemeralStorage ephemeralStorage
	LoggingConfig    loggingConfig
}

type (
	environment      struct{ Variables map[string]string }
	deadLetterConfig struct{ TargetArn string }
	tracingConfig    struct{ Mode string }
	ephemeralStorage struct{ Size int } // MB
	loggingConfig    struct{ LogFormat, LogGroup string }
)

func toConfiguration(c *function.Config) configuration {
	out := configuration{
		FunctionName:     c.Name,
		FunctionArn:      c.ARN(),
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
		State:            "Active",
		LastUpdateStatus: "Successful",
		PackageType:      "Zip",
		Architectures:    []string{c.Arch},
		EphemeralStorage: ephemeralStorage{c.TmpSize},
		LoggingConfig:    loggingConfig{"Text", "/aws/lambda/" + c.Name},
	}
	if len(c.Env) > 0 {
		out.Environment = &environment{c.Env}
	}
	if c.DeadLetter != "" {
		out.DeadLetterConfig = &deadLetterConfig{c.DeadLetter}
	}
	return out
}

// settings are what creating and updating a function have in common. What is
// nil stays as it is.
type settings struct {
	Role, Handler, Description, Runtime *string
	Timeout, MemorySize                 *int
	Environment                         *environment
	DeadLetterConfig                    *deadLetterConfig
	TracingConfig                       *tracingConfig
	EphemeralStorage                    *ephemeralStorage
}

// apply puts them into a configuration and checks the whole.
func (s settings) apply(c *function.Config) error {
	set(&c.Role, s.Role)
	set(&c.Handler, s.Handler)
	set(&c.Description, s.Description)
	set(&c.Runtime, s.Runtime)
	set(&c.Memory, s.MemorySize)
	if s.Timeout != nil {
		c.Timeout = time.Duration(*s.Timeout) * time.Second
	}
	if s.Environment != nil {
		c.Env = s.Environment.Variables
	}
	if s.DeadLetterConfig != nil {
		c.DeadLetter = s.DeadLetterConfig.TargetArn
	}
	if s.TracingConfig != nil {
		c.Tracing = cmp.Or(s.TracingConfig.Mode, "PassThrough")
	}
	if s.EphemeralStorage != nil {
		c.TmpSize = s.EphemeralStorage.Size
	}
	return c.Check()
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
