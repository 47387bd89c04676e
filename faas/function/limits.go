package function

import (
	"fmt"
	"regexp"
	"runtime"
	"time"
)

// Lambda's limits; sizes are in bytes unless named otherwise. Source: AWS
// Lambda quotas, and the Lambda API reference.
const (
	MaxSyncPayload  = 6 << 20              // of an event that is answered
	MaxReply        = MaxSyncPayload + 100 // of an answer: 6,291,556 bytes
	MaxStream       = 200 << 20            // of an answer that is streamed
	MaxAsyncPayload = 1 << 20              // of an event that is queued
	MaxZip          = 50 << 20             // of code uploaded directly
	MaxUnzipped     = 250 << 20            // of code on disk
	MaxEnv          = 4 << 10              // of all names and values together
	MaxContext      = 3583                 // of the client context, in base64
	MaxName         = 64                   // characters
	MaxSlots        = 1000                 // events that one instance takes at a time; the runner's own
	MaxAlias        = 128                  // characters, as of what follows
	MaxHandler      = 128
	MaxDescription  = 256
	MaxTagName      = 128
	MaxTagValue     = 256
	MaxCorsAge      = 86_400 // seconds

	MinMemory, MaxMemory   = 128, 10240 // MB
	MinTmpSize, MaxTmpSize = 512, 10240 // MB

	MaxTimeout     = 900 * time.Second
	DefaultTimeout = 3 * time.Second
	InitTimeout    = 10 * time.Second

	// Of events that nobody waits for.
	MaxRetries  = 2 // after a function error
	MinEventAge = time.Minute
	MaxEventAge = 6 * time.Hour
)

// Arch is this machine's architecture in Lambda's words.
func Arch() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

var (
	validName    = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
	validEnvName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
)

// reserved are the variables that the runner sets itself.
var reserved = map[string]bool{
	"_HANDLER": true, "_X_AMZN_TRACE_ID": true, "AWS_DEFAULT_REGION": true, "AWS_REGION": true, "AWS_EXECUTION_ENV": true,
	"AWS_LAMBDA_FUNCTION_NAME": true, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": true, "AWS_LAMBDA_FUNCTION_VERSION": true,
	"AWS_LAMBDA_INITIALIZATION_TYPE": true, "AWS_LAMBDA_LOG_GROUP_NAME": true, "AWS_LAMBDA_LOG_STREAM_NAME": true,
	"AWS_ACCESS_KEY": true, "AWS_ACCESS_KEY_ID": true, "AWS_SECRET_ACCESS_KEY": true, "AWS_SESSION_TOKEN": true,
	"AWS_LAMBDA_RUNTIME_API": true, "LAMBDA_TASK_ROOT": true, "LAMBDA_RUNTIME_DIR": true, "AWS_LAMBDA_MAX_CONCURRENCY": true,
}

// Check reports the first thing that Lambda, or this machine, would refuse.
// Values left at zero take Lambda's defaults first.
func (c *Config) Check() error {
	c.setDefaults()
	if err := CheckName(c.Name); err != nil {
		return err
	}
	switch {
	case c.Runtime != "provided.al2023" && c.Runtime != "provided.al2":
		return Invalid("the runtime %q is not one this runner has: use provided.al2023, whose program is a file named bootstrap", c.Runtime)
	case c.Arch != Arch():
		return Invalid("the architecture %s is not this machine's, which is %s", c.Arch, Arch())
	case c.Memory < MinMemory || c.Memory > MaxMemory:
		return Invalid("MemorySize is %d MB: it must be from %d to %d", c.Memory, MinMemory, MaxMemory)
	case c.Timeout < time.Second || c.Timeout > MaxTimeout:
		return Invalid("Timeout is %d s: it must be from 1 to %d", c.Timeout/time.Second, MaxTimeout/time.Second)
	case c.TmpSize < MinTmpSize || c.TmpSize > MaxTmpSize:
		return Invalid("EphemeralStorage is %d MB: it must be from %d to %d", c.TmpSize, MinTmpSize, MaxTmpSize)
	}
	return checkEnv(c.Env)
}

func (c *Config) setDefaults() {
	if c.Version == "" {
		c.Version = Latest
	}
	if c.Arch == "" {
		c.Arch = Arch()
	}
	if c.Memory == 0 {
		c.Memory = MinMemory
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.TmpSize == 0 {
		c.TmpSize = MinTmpSize
	}
	if c.Tracing == "" {
		c.Tracing = "PassThrough"
	}
}

// CheckName reports what is wrong with a function's name.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return Invalid("the function name %q is not valid: use 1 to %d letters, digits, hyphens and underscores", name, MaxName)
	}
	return nil
}

// CheckEnvName reports what is wrong with the name of an environment variable.
func CheckEnvName(name string) error {
	switch {
	case reserved[name]:
		return Invalid("the environment variable %s is reserved: the runner sets it itself", name)
	case !validEnvName.MatchString(name):
		return Invalid("the environment variable name %q is not valid: take two characters or more, a letter, then letters, digits and underscores", name)
	}
	return nil
}

func checkEnv(env map[string]string) error {
	size := 0
	for name, value := range env {
		size += len(name) + len(value)
		if err := CheckEnvName(name); err != nil {
			return err
		}
	}
	if size > MaxEnv {
		return Invalid("the environment takes %d bytes: at most %d are allowed", size, MaxEnv)
	}
	return nil
}

// MB is a number of megabytes in bytes.
func MB(n int) int64 { return int64(n) << 20 }

// CPUs is how many processors a function of this memory gets: 1,769 MB are one
// on Lambda (AWS, "Configure Lambda function memory").
func CPUs(memory int) int { return max(1, (memory+1768)/1769) }

// MemoryLimit is the value of GOMEMLIMIT for a function with this many MB: a
// tenth is left for what Go's collector does not count.
func MemoryLimit(memory int) string { return fmt.Sprintf("%dMiB", memory*9/10) }
