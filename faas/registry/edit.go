package registry

import (
	"maps"
	"slices"

	"triptych/faas/function"
)

// SetAlias adds an alias, or puts it in the place of the one of its name.
func (f *Function) SetAlias(a Alias) { put(&f.Aliases, a.Name, a) }

// RemoveAlias removes an alias, and what was kept by its name.
func (f *Function) RemoveAlias(name string) {
	delete(f.Aliases, name)
	delete(f.Provisioned, name)
	delete(f.Async, name)
	delete(f.URLs, name)
}

// SetURL gives an alias a URL, or the function itself when its name is empty.
func (f *Function) SetURL(alias string, u URL) { put(&f.URLs, alias, u) }

// SetAsync says what becomes of the events that are sent to a qualifier.
func (f *Function) SetAsync(qualifier string, a Async) { put(&f.Async, qualifier, a) }

// SetProvisioned says how many instances a qualifier keeps initialised.
func (f *Function) SetProvisioned(qualifier string, p Provisioned) { put(&f.Provisioned, qualifier, p) }

func put[T any](m *map[string]T, name string, v T) {
	if *m == nil {
		*m = map[string]T{}
	}
	(*m)[name] = v
}

// CheckProvisioned reports why instances cannot be kept initialised as is
// asked for: by a version and an alias of it at once, or of $LATEST.
func (f *Function) CheckProvisioned() error {
	for qualifier := range f.Provisioned {
		a, ok := f.Aliases[qualifier]
		if !ok {
			continue
		}
		if a.Version == function.Latest {
			return function.Invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
		}
		if _, both := f.Provisioned[a.Version]; both {
			return function.Conflict("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
		}
	}
	return nil
}

// Unpublish removes a version, and what was kept by its number; once more does
// no harm. One that an alias means stays.
func (f *Function) Unpublish(version string) error {
	for _, name := range slices.Sorted(maps.Keys(f.Aliases)) {
		a := f.Aliases[name]
		if _, weighted := a.Weights[version]; weighted || a.Version == version {
			return function.Conflict("Version %s cannot be deleted: the alias %s means it. Have the alias mean another one first", version, name)
		}
	}
	f.Versions = slices.DeleteFunc(f.Versions, func(c *function.Config) bool { return c.Version == version })
	delete(f.Provisioned, version)
	delete(f.Async, version)
	return nil
}

// Instances is how many are kept initialised for all versions.
func (f *Function) Instances() int {
	n := 0
	for _, p := range f.Provisioned {
		n += p.Instances
	}
	return n
}
