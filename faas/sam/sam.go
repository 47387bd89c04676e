// Package sam reads AWS SAM templates: which functions there are, where their
// code is, and how they are to run. The same file goes to AWS by "sam deploy".
//
// A template is refused when it says something that would behave differently
// here than on AWS: every complaint at once, each with its file, its line and
// what to do about it. What has no effect on a function's behaviour, and what
// stands under Metadata, is left alone.
//
// Source: the AWS SAM specification (version 2016-10-31), the CloudFormation
// template reference, and aws-sam-translator 1.115 for how Globals are merged.
package sam

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"triptych/faas/function"
)

// What a template may have. Source: AWS CloudFormation quotas.
const (
	maxSize       = 1 << 20 // bytes
	maxResources  = 500
	maxParameters = 200
	maxOutputs    = 200
)

// A Template is what a file says.
type Template struct {
	Path        string // of the file
	Description string
	Functions   []Function // in the order of the file
	Queues      []string   // names of queues, which DeadLetter and Async may name
	Outputs     []Output   // in the order of the file
}

// A Function is one AWS::Serverless::Function, with what Globals say merged in
// and Lambda's defaults filled in.
type Function struct {
	ID   string // its logical id: the name of the resource in the template
	Line int    // of the template
	Name string // FunctionName, or else the logical id

	CodeURI     string // absolute: a folder or a zip file
	BuildMethod string // go1.x or, for code that is not to be built, empty

	Handler          string
	Runtime          string
	Description      string
	MemorySize       int           // MB
	Timeout          time.Duration // whole seconds
	EphemeralStorage int           // MB of /tmp
	Environment      map[string]string
	Architecture     string // x86_64, arm64 or, when not said, empty
	Tags             map[string]string
	Tracing          string // PassThrough, Active or, when not said, empty
	RecursiveLoop    string // Allow, Terminate or, when not said, empty

	Reserved             *int // concurrent executions; nil is what others leave
	AutoPublishAlias     string
	VersionDescription   string
	Provisioned          *int     // instances of the alias kept ready; nil is none
	DeploymentPreference *Gradual // nil: a new version takes over all at once

	Async      AsyncConfig
	DeadLetter *DeadLetter // nil is none
	URL        *URL
	MayInvoke  []string // names of functions
	Topics     []Topic  // whose records it is given

	Runner function.Settings // Metadata.Runner
}

// An AsyncConfig says what becomes of events that nobody waits for.
type AsyncConfig struct {
	MaximumRetryAttempts     *int   // nil is Lambda's default, 2
	MaximumEventAgeInSeconds *int   // nil is Lambda's default, 21,600
	OnSuccess, OnFailure     string // ARN of a function or a queue; empty is none
}

// A DeadLetter is where events go that failed for good.
type DeadLetter struct {
	Type      string // SQS
	TargetARN string // of a queue
}

// A URL is how a function is reached over plain HTTP.
type URL struct {
	AuthType   string // NONE or AWS_IAM
	InvokeMode string // BUFFERED or RESPONSE_STREAM
	Cors       *Cors  // nil: no headers are added
}

// Cors is what browsers are told about requests from other sites.
type Cors struct {
	AllowCredentials                                        bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
	MaxAge                                                  int // seconds
}

// Load reads the template at path, whose parameters have the given values; a
// pseudo parameter such as AWS::StackName may be among them. When the template
// is not as it should be, the error is Complaints.
func Load(path string, params map[string]string) (*Template, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	return parse(path, text, params)
}

func parse(path string, text []byte, params map[string]string) (*Template, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("read template %s: %w", path, err)
	}
	l := &loader{dir: dir, given: params, complaints: complaints{file: path}}
	t := &Template{Path: path}
	if root := l.tree(text); root != nil {
		l.template(t, root)
	}
	if err := l.complaints.err(); err != nil {
		return nil, err
	}
	return t, nil
}

// A loader is one reading of one template.
type loader struct {
	complaints

	dir        string // that CodeUri is relative to
	given      map[string]string
	parameters map[string]*node
	resources  []*resource
	globals    *node           // Globals.Function; nil when there are none
	resolved   map[*node]*node // what calls came to
	names      map[string]bool // of parameters and resources; nil until somebody asks
	outputs    bool            // reading Outputs, which may speak of what deploying makes
}

// template reads the sections in the order in which they need each other.
func (l *loader) template(t *Template, root *node) {
	whole := field{name: "The template", line: root.line, value: root}
	if l.value(whole, mapping) == nil {
		return
	}
	sections := map[string]field{}
	keep := func(f field) { sections[f.name] = f }
	l.object(whole, object{
		"AWSTemplateFormatVersion": func(f field) { l.oneOf(f, "2010-09-09") },
		"Transform":                keep,
		"Description":              func(f field) { t.Description, _ = l.text(f) },
		"Metadata":                 ignored,
		"Parameters":               keep,
		"Globals":                  keep,
		"Resources":                keep,
		"Outputs":                  keep,
		"Conditions":               l.refused("this runner has no conditions: write the template for one case, or choose by Parameters"),
		"Mappings":                 l.refused("this runner has no mappings: use Parameters with a Default"),
		"Rules":                    l.refused("this runner has no rules: use AllowedValues and AllowedPattern of Parameters"),
		"Hooks":                    l.refused("this runner has no hooks: leave them out"),
	})
	l.transform(root, sections["Transform"])
	l.readParameters(sections["Parameters"])
	l.declare(root, sections["Resources"])
	l.readGlobals(sections["Globals"])
	l.readResources(t)
	l.readOutputs(t, sections["Outputs"])
}

func (l *loader) transform(root *node, f field) {
	const name = "AWS::Serverless-2016-10-31"
	if f.value == nil {
		l.complain(root.line, "the template has no Transform: write Transform: %s, or AWS does not know its resources", name)
		return
	}
	if f.value.kind == sequence && len(f.value.items) == 1 {
		f.value = f.value.items[0]
	}
	l.oneOf(f, name)
}
