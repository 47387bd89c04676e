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
	Latest   *function.Config
	Versions []*function.Config // published, in order
	Last     int                // number of the version published last
	Aliases  map[string]Alias

	Reserved    *int           // events that may be under way; nil shares with the others
	Provisioned map[string]int // instances kept initialised, by version or alias
	Async       map[string]Async
	Tags        map[string]string
	Recursion   string   // Allow or Terminate; empty is Terminate
	MayInvoke   []string // functions that it may invoke; nil is every one
}

// An Alias is a name for a version, or for two of them by weight.
type Alias struct {
	Name, Version, Description string
	Weights                    map[string]float64 // of other versions, each from 0 to 1
	Revision                   string
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

func (f *Function) clone() *Function {
	n := *f
	n.Latest = f.Latest.Clone()
	n.Versions = slices.Clone(f.Versions)
	n.Aliases = maps.Clone(f.Aliases)
	n.Provisioned = maps.Clone(f.Provisioned)
	n.Async = maps.Clone(f.Async)
	n.Tags = maps.Clone(f.Tags)
	n.MayInvoke = slices.Clone(f.MayInvoke)
	return &n
}

// resolve returns the version that a qualifier means.
func (f *Function) resolve(qualifier string, chance func() float64) (*function.Config, error) {
	if a, ok := f.Aliases[qualifier]; ok {
		qualifier = a.choose(chance)
	}
	return f.Version(qualifier)
}

// choose returns the version that an alias means this time.
func (a Alias) choose(chance func() float64) string {
	if len(a.Weights) == 0 {
		return a.Version
	}
	x := chance()
	for _, version := range slices.Sorted(maps.Keys(a.Weights)) {
		if x -= a.Weights[version]; x < 0 {
			return version
		}
	}
	return a.Version
}

// Version returns the configuration of a version; an empty one is the latest.
func (f *Function) Version(version string) (*function.Config, error) {
	if version == "" || version == function.Latest {
		return f.Latest, nil
	}
	for _, c := range f.Versions {
		if c.Version == version {
			return c, nil
		}
	}
	return nil, function.NotFound("Function not found: %s", function.ARN(f.Latest.Name, version))
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
	for qualifier, want := range f.Provisioned {
		if a, ok := f.Aliases[qualifier]; ok {
			qualifier = a.Version
		}
		if qualifier == version {
			n += want
		}
	}
	return n
}

// RecursionAllow is the recursion configuration of a function that may call
// itself without end.
const RecursionAllow = "Allow"

// AsyncOf is what becomes of events that were sent to a qualifier and not
// waited for.
func (f *Function) AsyncOf(qualifier string) Async {
	if qualifier == "" {
		qualifier = function.Latest
	}
	return f.Async[qualifier]
}
