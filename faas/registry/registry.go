// Package registry keeps which functions there are: their code and
// configuration, versions, aliases and limits. What it has accepted is on disk;
// what is asked on the way of an invocation is in memory.
package registry

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
)

var bucket = []byte("functions")

// A Registry may be used from several goroutines.
type Registry struct {
	db      *bbolt.DB
	now     atomic.Pointer[map[string]*Function]
	urls    atomic.Pointer[map[string]function.Ref] // by id; made of now
	mu      sync.Mutex                              // one change at a time
	changed func(old, new *Function)
}

// Open reads what is registered. changed is called after each change, in their
// order, with nil for a function that was not there before, or is not now.
func Open(db *bbolt.DB, changed func(old, new *Function)) (*Registry, error) {
	r := &Registry{db: db, changed: changed}
	all := map[string]*Function{}
	err := db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		return b.ForEach(func(name, doc []byte) error {
			f := &Function{}
			if err := json.Unmarshal(doc, f); err != nil {
				return fmt.Errorf("function %s: %w", name, err)
			}
			all[string(name)] = f
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the functions: %w", err)
	}
	r.show(all)
	return r, nil
}

// Get returns a function. It is not to be changed.
func (r *Registry) Get(name string) (*Function, error) {
	if f, ok := (*r.now.Load())[name]; ok {
		return f, nil
	}
	return nil, function.NotFound("Function not found: %s", function.ARN(name, ""))
}

// All returns every function, by name.
func (r *Registry) All() []*Function {
	return slices.SortedFunc(maps.Values(*r.now.Load()), func(a, b *Function) int {
		return strings.Compare(a.Latest.Name, b.Latest.Name)
	})
}

// Create registers a function, whose creation it notes; one of that name may
// not be there.
func (r *Registry) Create(f *Function) (*Function, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := f.Latest.Name
	if _, err := r.Get(name); err == nil {
		return nil, function.Conflict("Function already exist: %s", name)
	}
	f.Latest.Creation = uuid.NewString()
	for _, c := range f.Versions {
		c.Creation = f.Latest.Creation
	}
	return r.store(nil, f)
}

// Change changes a function: change gets a copy, and its error leaves
// everything as it was.
func (r *Registry) Change(name string, change func(*Function) error) (*Function, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, err := r.Get(name)
	if err != nil {
		return nil, err
	}
	f := old.clone()
	if err := change(f); err != nil {
		return nil, err
	}
	return r.store(old, f)
}

// Delete removes a function with all its versions.
func (r *Registry) Delete(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, err := r.Get(name)
	if err != nil {
		return err
	}
	if err := r.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Delete([]byte(name)) }); err != nil {
		return fmt.Errorf("remove function %s: %w", name, err)
	}
	all := maps.Clone(*r.now.Load())
	delete(all, name)
	r.show(all)
	r.changed(old, nil)
	return nil
}

// store makes a function durable, and then visible.
func (r *Registry) store(old, f *Function) (*Function, error) {
	name := f.Latest.Name
	doc, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	if err := r.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put([]byte(name), doc) }); err != nil {
		return nil, fmt.Errorf("keep function %s: %w", name, err)
	}
	all := maps.Clone(*r.now.Load())
	all[name] = f
	r.show(all)
	r.changed(old, f)
	return f, nil
}

// show makes functions visible. Few have URLs, and are changed less often than
// those are called.
func (r *Registry) show(all map[string]*Function) {
	urls := map[string]function.Ref{}
	for name, f := range all {
		for alias, u := range f.URLs {
			urls[u.ID] = function.Ref{Name: name, Qualifier: alias}
		}
	}
	r.now.Store(&all)
	r.urls.Store(&urls)
}

// URL returns the URL of an id, and what it is of.
func (r *Registry) URL(id string) (URL, function.Ref, bool) {
	at, ok := (*r.urls.Load())[id]
	if !ok {
		return URL{}, at, false
	}
	f, err := r.Get(at.Name)
	if err != nil { // removed in this moment
		return URL{}, at, false
	}
	u, ok := f.URLs[at.Qualifier]
	return u, at, ok && u.ID == id
}

// InUse tells whether any version of any function has this code.
func (r *Registry) InUse(d function.Digest) bool {
	for _, f := range *r.now.Load() {
		if f.Has(d) {
			return true
		}
	}
	return false
}

// Sole returns the only function, if there is exactly one.
func (r *Registry) Sole() (*Function, bool) {
	all := *r.now.Load()
	for _, f := range all {
		return f, len(all) == 1
	}
	return nil, false
}

// Reserved is the sum of what functions other than name have reserved.
func (r *Registry) Reserved(name string) int {
	sum := 0
	for other, f := range *r.now.Load() {
		if f.Reserved != nil && other != name {
			sum += *f.Reserved
		}
	}
	return sum
}
