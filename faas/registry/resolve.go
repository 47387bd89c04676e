package registry

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"triptych/faas/function"
)

// Resolve returns the version that runs when an event is sent to a reference
// now. An alias with weights means one or another, by chance; a function whose
// last change is not at its end yet, or did not go well, is what it was before.
// A version that cannot be run is a ResourceConflictException.
//
// It is on the way of every invocation, waits for nothing, and allocates
// nothing.
func (r *Registry) Resolve(ref function.Ref) (*Function, *function.Config, error) {
	f, err := r.Get(ref.Name)
	if err != nil {
		return nil, nil, err
	}
	c, err := f.resolve(ref.Qualifier, rand.Float64)
	if err != nil {
		return nil, nil, err
	}
	return f, c, nil
}

// Lookup returns the version that a reference names, as it was changed last,
// whether it can be run or not. An alias names its first version.
func (r *Registry) Lookup(ref function.Ref) (*Function, *function.Config, error) {
	f, err := r.Get(ref.Name)
	if err != nil {
		return nil, nil, err
	}
	version := ref.Qualifier
	if a, ok := f.Aliases[version]; ok {
		version = a.Version
	}
	c, err := f.Version(version)
	return f, c, err
}

func (f *Function) resolve(qualifier string, chance func() float64) (*function.Config, error) {
	if a, ok := f.Aliases[qualifier]; ok {
		qualifier = a.choose(chance)
	}
	c, err := f.Running(qualifier)
	if err == nil && !c.State.Done() {
		return nil, function.NotReady(c.State)
	}
	return c, err
}

// choose returns the version that an alias means this time.
func (a Alias) choose(chance func() float64) string {
	for version, weight := range a.Weights { // at most one
		if chance() < weight {
			return version
		}
	}
	return a.Version
}

// Running returns the configuration by which events of a version are run; an
// empty one is the latest.
func (f *Function) Running(version string) (*function.Config, error) {
	if f.Before != nil && (version == "" || version == function.Latest) {
		return f.Before, nil
	}
	return f.Version(version)
}

// Version returns the configuration of a version as it was changed last; an
// empty one is the latest.
func (f *Function) Version(version string) (*function.Config, error) {
	if version == "" || version == function.Latest {
		return f.Latest, nil
	}
	if i, ok := slices.BinarySearchFunc(f.Versions, version, byNumber); ok {
		return f.Versions[i], nil
	}
	return nil, function.NotFound("Function not found: %s", function.ARN(f.Latest.Name, version))
}

// byNumber compares a version with a number, both without leading zeros.
func byNumber(c *function.Config, version string) int {
	return cmp.Or(cmp.Compare(len(c.Version), len(version)), cmp.Compare(c.Version, version))
}
