package registry

import (
	"slices"

	"triptych/faas/function"
)

// Deploy makes c the latest configuration, whose code is still to be prepared.
// What ran before runs on until Prepared says that it is.
func (f *Function) Deploy(c *function.Config) {
	running := f.Latest
	if f.Before != nil {
		running = f.Before
	}
	if running.State.Done() {
		f.Before = running
		c.Update = function.Begin(function.InProgress)
	} else {
		c.State = function.Begin(function.Pending)
	}
	f.Latest = c
}

// Settled reports why a function cannot be changed now: its last change is
// still under way.
func (f *Function) Settled() error {
	switch {
	case f.Latest.State.Waits():
		return function.NotReady(f.Latest.State)
	case f.Latest.Update.Waits():
		return function.Updating(f.Latest)
	}
	return nil
}

// Waiting are the digests of the code that some version waits for.
func (f *Function) Waiting() []function.Digest {
	var all []function.Digest
	for _, c := range append([]*function.Config{f.Latest}, f.Versions...) {
		if (c.State.Waits() || c.Update.Waits()) && !slices.Contains(all, c.Code) {
			all = append(all, c.Code)
		}
	}
	return all
}

// Prepared notes that a function's code is at hand, or why it cannot be: its
// versions that waited for it are Active, or Failed.
func (r *Registry) Prepared(name string, d function.Digest, cause error) error {
	var how function.Progress
	if cause != nil {
		how = function.Fail(cause)
	}
	_, err := r.Change(name, func(f *Function) error {
		f.prepared(d, how)
		return nil
	})
	return err
}

func (f *Function) prepared(d function.Digest, how function.Progress) {
	if c := f.Latest; c.Code == d {
		if c.State.Waits() {
			c.State = how
		}
		if c.Update.Waits() {
			c.Update = how
			if how.Done() {
				f.Before = nil
			}
		}
	}
	for i, c := range f.Versions {
		if c.Code == d && c.State.Waits() {
			f.Versions[i] = c.Clone()
			f.Versions[i].State = how
		}
	}
}
