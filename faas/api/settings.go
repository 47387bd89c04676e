package api

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"triptych/faas/async"
	"triptych/faas/function"
)

// settings are what creating and updating a function have in common. What is
// nil stays as it is.
type settings struct {
	Role, Handler, Description, Runtime *string
	Timeout, MemorySize                 *int
	Environment                         *environment
	DeadLetterConfig                    *deadLetterConfig
	TracingConfig                       *tracingConfig
	EphemeralStorage                    *ephemeralStorage
	elsewhere
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
	return s.check(c)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s settings) check(c *function.Config) error {
	for name, n := range map[string]*int{"Timeout": s.Timeout, "MemorySize": s.MemorySize} {
		if n != nil && (*n <= 0 || *n > 1<<20) { // zero is not the default
			return function.Invalid("%s is %d: that is no value it can have", name, *n)
		}
	}
	if err := c.Check(); err != nil {
		return err
	}
	switch {
	case tooLong(c.Description):
		return longDescription()
	case len(c.Handler) > function.MaxHandler || strings.ContainsAny(c.Handler, " \t\r\n"):
		return function.Invalid("Handler is %.150q: it must have no spaces and at most %d characters; name the program, bootstrap", c.Handler, function.MaxHandler)
	case c.Tracing != "PassThrough" && c.Tracing != "Active":
		return function.Invalid("TracingConfig is %.40q: it must be PassThrough or Active", c.Tracing)
	}
	if c.DeadLetter != "" {
		if err := async.CheckDeadLetter(c.DeadLetter); err != nil {
			return err
		}
	}
	return s.refuse(c)
}

func tooLong(description string) bool {
	return utf8.RuneCountInString(description) > function.MaxDescription
}

func longDescription() error {
	return function.Invalid("Description has more than %d characters: make it shorter", function.MaxDescription)
}

// elsewhere is what Lambda has and would change how a function behaves, and
// this runner has not.
type elsewhere struct {
	Layers, FileSystemConfigs []json.RawMessage
	VpcConfig                 struct{ SubnetIds, SecurityGroupIds []string }
	SnapStart                 struct{ ApplyOn string }
	LoggingConfig             struct{ LogFormat, LogGroup, ApplicationLogLevel, SystemLogLevel string }

	KMSKeyArn, CodeSigningConfigArn, PublishTo                        string
	ImageConfig, DurableConfig, TenancyConfig, CapacityProviderConfig json.RawMessage
}

func (e elsewhere) refuse(c *function.Config) error {
	given := func(m json.RawMessage) bool { return len(m) > 0 && string(m) != "null" && string(m) != "{}" }
	for _, r := range []struct {
		given bool
		why   string
	}{
		{len(e.Layers) > 0, "Layers are not supported: put what is in them into the function's zip file"},
		{len(e.FileSystemConfigs) > 0, "FileSystemConfigs are not supported: a function has its code and its /tmp"},
		{len(e.VpcConfig.SubnetIds)+len(e.VpcConfig.SecurityGroupIds) > 0, "VpcConfig is not supported: say which ports a function may connect to by its tag " + function.TagConnect},
		{e.SnapStart.ApplyOn != "" && e.SnapStart.ApplyOn != "None", "SnapStart is not supported: use provisioned concurrency"},
		{e.LoggingConfig.LogFormat != "" && e.LoggingConfig.LogFormat != "Text", "LoggingConfig.LogFormat must be Text: lines are kept as the function writes them, in JSON too"},
		{e.LoggingConfig.LogGroup != "" && e.LoggingConfig.LogGroup != logGroup(c), "LoggingConfig.LogGroup must be " + logGroup(c)},
		{e.LoggingConfig.ApplicationLogLevel+e.LoggingConfig.SystemLogLevel != "", "LoggingConfig has levels: they are not supported, all lines are kept"},
		{e.KMSKeyArn != "", "KMSKeyArn is not supported: the runner does not encrypt what it keeps"},
		{e.CodeSigningConfigArn != "", "CodeSigningConfigArn is not supported: code is checked by its SHA-256 alone"},
		{e.PublishTo != "", "PublishTo is not supported: leave it out"},
		{given(e.ImageConfig), "ImageConfig is not supported: code comes as a zip file"},
		{given(e.DurableConfig), "DurableConfig is not supported: leave it out"},
		{given(e.TenancyConfig), "TenancyConfig is not supported: leave it out"},
		{given(e.CapacityProviderConfig), "CapacityProviderConfig is not supported: leave it out"},
	} {
		if r.given {
			return function.Invalid("%s", r.why)
		}
	}
	return nil
}
