package sam

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"triptych/faas/function"
)

const (
	maxReserved    = 1_000_000 // the runner's own limit is checked when it is deployed
	goBuild        = "go1.x"
	bootstrap      = "bootstrap"
	defaultRuntime = "provided.al2023"
	aliasDescribed = "letters, digits, hyphens and underscores, at least one of them no digit, and at most 128"
)

var aliasName = regexp.MustCompile(`^[0-9]*[a-zA-Z_-][a-zA-Z0-9_-]*$`)

// properties says how each property of a function is read into fn.
func (l *loader) properties(fn *Function) object {
	return object{
		"FunctionName":                 ignored, // nameOf has read it
		"PackageType":                  func(f field) { l.oneOf(f, "Zip") },
		"CodeUri":                      func(f field) { fn.CodeURI = l.codeURI(f) },
		"Handler":                      func(f field) { fn.Handler = l.short(f, function.MaxHandler) },
		"Runtime":                      func(f field) { fn.Runtime = l.runtime(f) },
		"Description":                  func(f field) { fn.Description = l.short(f, function.MaxDescription) },
		"MemorySize":                   func(f field) { fn.MemorySize, _ = l.whole(f, function.MinMemory, function.MaxMemory) },
		"Timeout":                      func(f field) { fn.Timeout = l.timeout(f) },
		"EphemeralStorage":             func(f field) { l.ephemeralStorage(fn, f) },
		"Environment":                  func(f field) { l.environment(fn, f) },
		"Architectures":                func(f field) { fn.Architecture = l.architecture(f) },
		"Tags":                         func(f field) { fn.Tags = l.tags(f) },
		"Tracing":                      func(f field) { fn.Tracing = l.tracing(f) },
		"RecursiveLoop":                func(f field) { fn.RecursiveLoop, _ = l.oneOf(f, "Allow", "Terminate") },
		"ReservedConcurrentExecutions": func(f field) { fn.Reserved = l.count(f, 0) },
		"AutoPublishAlias":             func(f field) { fn.AutoPublishAlias = l.alias(f) },
		"VersionDescription":           func(f field) { fn.VersionDescription = l.short(f, function.MaxDescription) },
		"ProvisionedConcurrencyConfig": func(f field) { l.provisioned(fn, f) },
		"DeploymentPreference":         func(f field) { fn.DeploymentPreference = l.deployment(f) },
		"EventInvokeConfig":            func(f field) { l.async(fn, f) },
		"DeadLetterQueue":              func(f field) { fn.DeadLetter = l.deadLetter(f) },
		"FunctionUrlConfig":            func(f field) { fn.URL = l.url(f) },
		"Policies":                     func(f field) { fn.MayInvoke = l.policies(f) },
		"Events":                       func(f field) { l.events(fn, f) },

		// These say how AWS keeps and guards a function, not what it does.
		"AssumeRolePolicyDocument":      ignored,
		"AutoPublishAliasAllProperties": ignored,
		"AutoPublishCodeSha256":         ignored,
		"CodeSigningConfigArn":          ignored,
		"KmsKeyArn":                     ignored,
		"PermissionsBoundary":           ignored,
		"PropagateTags":                 ignored,
		"RolePath":                      ignored,
		"RuntimeManagementConfig":       ignored,
		"SourceKMSKeyArn":               ignored,
		"VersionDeletionPolicy":         ignored,
		"VpcConfig":                     ignored, // what may be connected to is said by Metadata.Runner.Connect

		"CapacityProviderConfig":   l.refused("this runner has one machine: leave it out"),
		"DurableConfig":            l.refused("this runner has no durable functions: leave it out"),
		"FileSystemConfigs":        l.refused("functions here have no file system but /tmp: leave it out"),
		"FunctionScalingConfig":    l.refused("this runner has one machine: use ReservedConcurrentExecutions"),
		"ImageConfig":              l.refused("this runner has no images: leave it out"),
		"ImageUri":                 l.refused("this runner has no images: use CodeUri"),
		"InlineCode":               l.refused("a bootstrap cannot stand in a template: put it in a folder and name that in CodeUri"),
		"Layers":                   l.refused("this runner has no layers: put what they hold into the function's folder"),
		"LoggingConfig":            l.refused("log lines here have Lambda's text format: leave it out"),
		"PublishToLatestPublished": l.refused("this runner does not have $LATEST.PUBLISHED: leave it out"),
		"Role":                     l.refused("this runner has no roles: say in Policies which functions it may invoke"),
		"SnapStart":                l.refused("this runner takes no snapshots: leave it out, or keep instances ready by ProvisionedConcurrencyConfig"),
		"TenancyConfig":            l.refused("this runner does not keep tenants apart: leave it out"),
	}
}

func (l *loader) readFunction(t *Template, r *resource) {
	fn := Function{
		ID:               r.id,
		Line:             r.line,
		MemorySize:       function.MinMemory,
		Timeout:          function.DefaultTimeout,
		EphemeralStorage: function.MinTmpSize,
	}
	fn.Name, _ = l.nameOf(r, resourceTypes()[functionType])
	if r.properties == nil {
		r.properties = &node{line: r.line, kind: mapping}
	}
	l.object(field{"A function", r.line, r.properties}, l.properties(&fn))
	if r.metadata != nil {
		l.metadata(&fn, *r.metadata)
	}
	l.together(&fn, r)
	t.Functions = append(t.Functions, fn)
}

// together checks what one property alone cannot tell.
func (l *loader) together(fn *Function, r *resource) {
	for _, name := range []string{"CodeUri", "Handler", "Runtime"} {
		if r.properties.get(name) == nil {
			l.complain(r.line, "%s has no %s: write it in its Properties, or in Globals", r.id, name)
		}
	}
	if fn.BuildMethod == goBuild && fn.Handler != "" && fn.Handler != bootstrap {
		l.complain(r.properties.get("Handler").line, "Handler is %s: what BuildMethod go1.x builds must be named bootstrap", quoted(fn.Handler))
	}
	for _, name := range []string{"ProvisionedConcurrencyConfig", "DeploymentPreference"} {
		if f := r.properties.get(name); f != nil && r.properties.get("AutoPublishAlias") == nil {
			l.complain(f.line, "%s has nothing to apply to: give the function an AutoPublishAlias", name)
		}
	}
	if fn.Provisioned != nil && fn.Reserved != nil && *fn.Provisioned > *fn.Reserved {
		l.complain(r.properties.get("ProvisionedConcurrencyConfig").line, "%d instances kept ready are more than the %d of ReservedConcurrentExecutions: keep fewer, or reserve more", *fn.Provisioned, *fn.Reserved)
	}
}

// codeURI returns the absolute path of a folder or a zip file.
func (l *loader) codeURI(f field) string {
	if n := f.value; n.kind == mapping || n.kind == scalar && strings.HasPrefix(n.text, "s3://") {
		l.complain(f.line, "CodeUri is in S3, which this runner does not have: name a folder or a zip file")
		return ""
	}
	s, ok := l.text(f)
	if !ok {
		return ""
	}
	path := filepath.FromSlash(s)
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case s == "" || err != nil:
		l.complain(f.line, "CodeUri is %s, and there is nothing at that path beside the template: correct it", quoted(s))
	case !info.IsDir() && (filepath.Ext(path) != ".zip" || !info.Mode().IsRegular()):
		l.complain(f.line, "CodeUri is %s, which is neither a folder nor a zip file: name one", quoted(s))
	}
	return path
}

func (l *loader) runtime(f field) string {
	s, ok := l.text(f)
	switch {
	case !ok || s == defaultRuntime || s == "provided.al2":
	case s == "go1.x":
		l.complain(f.line, "Runtime go1.x is no more on AWS: write Runtime: %s and Handler: bootstrap, and Metadata: {BuildMethod: go1.x}", defaultRuntime)
	default:
		l.complain(f.line, "Runtime is %s: this runner runs %s alone, whose program is a file named bootstrap", quoted(s), defaultRuntime)
	}
	return s
}

func (l *loader) timeout(f field) time.Duration {
	n, _ := l.whole(f, 1, int(function.MaxTimeout/time.Second))
	return time.Duration(n) * time.Second
}

func (l *loader) ephemeralStorage(fn *Function, f field) {
	l.object(f, object{
		"Size": func(f field) { fn.EphemeralStorage, _ = l.whole(f, function.MinTmpSize, function.MaxTmpSize) },
	})
}

func (l *loader) environment(fn *Function, f field) {
	l.object(f, object{"Variables": func(f field) {
		fn.Environment = map[string]string{}
		size := 0
		for _, v := range l.fields(f) {
			if err := function.CheckEnvName(v.name); err != nil {
				l.complain(v.line, "%v", err)
			}
			s, _ := l.text(v)
			fn.Environment[v.name] = s
			if size += len(v.name) + len(s); size > function.MaxEnv {
				l.complain(f.line, "the environment takes more than %d bytes: shorten it", function.MaxEnv)
				break
			}
		}
	}})
}

func (l *loader) architecture(f field) string {
	items := l.list(f)
	if len(items) != 1 {
		if l.value(f, sequence) != nil {
			l.complain(f.line, "Architectures must have exactly one: [x86_64] or [arm64]")
		}
		return ""
	}
	s, _ := l.oneOf(items[0], "x86_64", "arm64")
	return s
}

func (l *loader) tags(f field) map[string]string {
	tags := map[string]string{}
	for _, t := range l.fields(f) {
		if strings.HasPrefix(t.name, "runner:") {
			l.complain(t.line, "tags that begin with runner: are the runner's own: write it under Metadata.Runner")
		}
		if n := len([]rune(t.name)); n > function.MaxTagName {
			l.complain(t.line, "the name of a tag has %d characters: shorten it to at most %d", n, function.MaxTagName)
		}
		tags[t.name] = l.short(t, function.MaxTagValue)
	}
	return tags
}

func (l *loader) tracing(f field) string {
	s, _ := l.oneOf(f, "Active", "PassThrough", "Disabled")
	if s == "Disabled" {
		return "" // SAM's word for saying nothing
	}
	return s
}

func (l *loader) alias(f field) string {
	s, _ := l.name(f, aliasName, aliasDescribed)
	if len(s) > function.MaxAlias {
		l.complain(f.line, "AutoPublishAlias has %d characters: shorten it to at most %d", len(s), function.MaxAlias)
	}
	return s
}

// count reads how many instances there may be, or are kept ready.
func (l *loader) count(f field, least int) *int {
	n, ok := l.whole(f, least, maxReserved)
	if !ok {
		return nil
	}
	return &n
}
