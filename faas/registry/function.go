package registry

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"triptych/faas/function"
)

// A Function is all that is known of one function. What the registry hands
// out is not to be changed.
type Function struct {
	Latest   *function.Config   // as it was changed last
	Before   *function.Config   `json:",omitempty"` // what runs while the code of Latest is not, or cannot be, at hand
	Versions []*function.Config // published, in order
	Last     int                // number of the version published last
	Aliases  map[string]Alias

	Reserved    *int                   // events that may be under way; nil shares with the others
	Provisioned map[string]Provisioned // by version or alias
	Async       map[string]Async
	URLs        map[string]URL // by alias; empty is the function itself
	Tags        map[string]string
	Recursion   string   // Allow or Terminate; empty is Terminate
	MayInvoke   []string // functions that it may invoke; nil is every one
}

// An Alias is a name for a version, or for two of them by weight.
type Alias struct {
	Name, Version, Description string
	Weights                    map[string]float64 // of one other version, from 0 to 1
	Revision                   string
}

// Provisioned is how many instances are kept initialised.
type Provisioned struct {
	Instances int
	Modified  time.Time
}

// Async is what becomes of events that were not waited for. It is kept by
// qualifier, $LATEST for none.
type Async struct {
	Retries   *int // 0 to 2; nil is 2
	MaxAge    time.Duration
	OnSuccess string // ARN
	OnFailure string // ARN
	Modified  time.Time
}

// A URL is where a function, or an alias of it, answers HTTP.
type URL struct {
	ID                string // of the host: see function.URLHost
	Auth              string // NONE or AWS_IAM
	Mode              string // BUFFERED or RESPONSE_STREAM
	Cors              *Cors  // nil leaves it to the function
	Created, Modified time.Time
}

// Cors is what web pages of other sites may do with a URL.
type Cors struct {
	AllowCredentials                                        bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
	MaxAge                                                  int // seconds that a browser may keep the answer
}

// Words of a URL.
const (
	AuthNone       = "NONE"
	AuthIAM        = "AWS_IAM"
	Buffered       = "BUFFERED"
	ResponseStream = "RESPONSE_STREAM"
)

// RecursionAllow is the recursion configuration of a function that may call
// itself without end.
const RecursionAllow = "Allow"

func (f *Function) clone() *Function {
	n := *f
	n.Latest = f.Latest.Clone()
	n.Versions = slices.Clone(f.Versions)
	n.Aliases = maps.Clone(f.Aliases)
	n.Provisioned = maps.Clone(f.Provisioned)
	n.Async = maps.Clone(f.Async)
	n.URLs = maps.Clone(f.URLs)
	n.Tags = maps.Clone(f.Tags)
	n.MayInvoke = slices.Clone(f.MayInvoke)
	return &n
}

// Publish fixes the latest code and configuration as a version, unless they
// are those of the version published last, which is then returned.
func (f *Function) Publish(description, revision string) *function.Config {
	if n := len(f.Versions); n > 0 && f.Versions[n-1].Version == strconv.Itoa(f.Last) && same(f.Versions[n-1], f.Latest) {
		return f.Versions[n-1]
	}
	f.Last++
	c := f.Latest.Clone()
	c.Version, c.Revision = strconv.Itoa(f.Last), revision
	if description != "" {
		c.Description = description
	}
	if c.Update.Waits() {
		c.State = function.Begin(function.Pending)
	}
	c.Update = function.Progress{}
	f.Versions = append(f.Versions, c)
	return c
}

// same tells whether two versions would run the same.
func same(a, b *function.Config) bool {
	return a.Code == b.Code && a.Handler == b.Handler && a.Runtime == b.Runtime && a.Memory == b.Memory &&
		a.Timeout == b.Timeout && a.TmpSize == b.TmpSize && a.DeadLetter == b.DeadLetter && a.Role == b.Role && a.Tracing == b.Tracing &&
		maps.Equal(a.Env, b.Env) && a.Runner.Isolation == b.Runner.Isolation && a.Runner.KeepAlive == b.Runner.KeepAlive &&
		a.Runner.MaxConcurrency == b.Runner.MaxConcurrency && slices.Equal(a.Runner.Connect, b.Runner.Connect)
}

// Provision is how many instances of a version are to be kept initialised, for
// itself and for the aliases that mean it.
func (f *Function) Provision(version string) int {
	n := 0
	for qualifier, p := range f.Provisioned {
		if a, ok := f.Aliases[qualifier]; ok {
			qualifier = a.Version
		}
		if qualifier == version {
			n += p.Instances
		}
	}
	return n
}

// AsyncOf is what becomes of events that were sent to a qualifier and not
// waited for.
func (f *Function) AsyncOf(qualifier string) Async {
	if qualifier == "" {
		qualifier = function.Latest
	}
	return f.Async[qualifier]
}

// Has tells whether any version has this code.
func (f *Function) Has(d function.Digest) bool {
	has := func(c *function.Config) bool { return c != nil && c.Code == d }
	return has(f.Latest) || has(f.Before) || slices.ContainsFunc(f.Versions, has)
}
