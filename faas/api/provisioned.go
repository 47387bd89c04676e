package api

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// A provisioned is Lambda's ProvisionedConcurrencyConfig.
type provisioned struct {
	FunctionArn                              string `json:",omitempty"` // in lists
	RequestedProvisionedConcurrentExecutions int
	AvailableProvisionedConcurrentExecutions int
	AllocatedProvisionedConcurrentExecutions int
	Status                                   string // IN_PROGRESS or READY
	LastModified                             string
}

// toProvisioned tells how many of the instances that a qualifier wants there
// are: of those that are initialised for its version, what is left by
// qualifiers before it.
func (s *server) toProvisioned(f *registry.Function, qualifier string) provisioned {
	p := f.Provisioned[qualifier]
	version := meant(f, qualifier)
	ready := s.ready(f, version)
	for _, other := range slices.Sorted(maps.Keys(f.Provisioned)) {
		if other < qualifier && meant(f, other) == version {
			ready -= f.Provisioned[other].Instances
		}
	}
	ready = min(max(ready, 0), p.Instances)
	out := provisioned{
		RequestedProvisionedConcurrentExecutions: p.Instances,
		AvailableProvisionedConcurrentExecutions: ready,
		AllocatedProvisionedConcurrentExecutions: ready,
		Status:                                   "IN_PROGRESS",
		LastModified:                             p.Modified.UTC().Format(isoTime),
	}
	if ready == p.Instances {
		out.Status = "READY"
	}
	return out
}

// meant is the version behind a qualifier.
func meant(f *registry.Function, qualifier string) string {
	if a, ok := f.Aliases[qualifier]; ok {
		return a.Version
	}
	return qualifier
}

// ready is how many instances of a version are initialised.
func (s *server) ready(f *registry.Function, version string) int {
	now, err := f.Running(version)
	if err != nil {
		return 0
	}
	for c, n := range s.runner.Counts() {
		if c.Name == now.Name && c.Version == now.Version && c.Revision == now.Revision {
			return n.Instances - n.Starting
		}
	}
	return 0
}

// provisionable reads which version or alias a request is about.
func provisionable(r *http.Request) (function.Ref, error) {
	at, err := ref(r)
	switch {
	case err != nil:
	case at.Qualifier == "":
		err = function.Invalid("There is no Qualifier: name a published version or an alias")
	case at.Qualifier == function.Latest:
		err = function.Invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
	}
	return at, err
}

// putProvisioned is Lambda's PutProvisionedConcurrencyConfig.
func (s *server) putProvisioned(w http.ResponseWriter, r *http.Request) error {
	at, err := provisionable(r)
	if err != nil {
		return err
	}
	var in struct{ ProvisionedConcurrentExecutions int }
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	if in.ProvisionedConcurrentExecutions < 1 {
		return function.Invalid("ProvisionedConcurrentExecutions must be a number from 1")
	}
	f, err := s.runner.Registry.Change(at.Name, func(f *registry.Function) error {
		if _, err := f.Version(meant(f, at.Qualifier)); err != nil {
			return err
		}
		if a, ok := f.Aliases[at.Qualifier]; !ok {
			for name := range f.Provisioned {
				if name != at.Qualifier && meant(f, name) == at.Qualifier {
					return function.Conflict("Version is pointed by a Provisioned Concurrency alias")
				}
			}
		} else if err := mayMean(f, a.Version); err != nil {
			return err
		}
		f.SetProvisioned(at.Qualifier, registry.Provisioned{Instances: in.ProvisionedConcurrentExecutions, Modified: time.Now()})
		if err := f.CheckProvisioned(); err != nil {
			return err
		}
		return s.checkRoom(f)
	})
	if err != nil {
		return err
	}
	out := s.toProvisioned(f, at.Qualifier)
	return reply(w, http.StatusAccepted, out)
}

// checkRoom reports why so many instances cannot be kept for a function.
func (s *server) checkRoom(f *registry.Function) error {
	n := f.Instances()
	if f.Reserved != nil {
		if n > *f.Reserved {
			return function.Invalid("Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
		}
		return nil
	}
	free := s.runner.Concurrency() - s.runner.Registry.Reserved(f.Latest.Name)
	for _, other := range s.runner.Registry.All() {
		if other.Latest.Name != f.Latest.Name && other.Reserved == nil {
			free -= other.Instances()
		}
	}
	if free-n < s.leastUnreserved() {
		return function.Invalid("Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", s.leastUnreserved())
	}
	return nil
}

// getProvisioned is Lambda's GetProvisionedConcurrencyConfig, and with
// List=ALL its ListProvisionedConcurrencyConfigs.
func (s *server) getProvisioned(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("List") == "ALL" {
		return s.listProvisioned(w, r)
	}
	at, err := provisionable(r)
	if err != nil {
		return err
	}
	f, _, err := s.runner.Registry.Lookup(at)
	if err != nil {
		return err
	}
	if _, ok := f.Provisioned[at.Qualifier]; !ok {
		return function.NotProvisioned()
	}
	return reply(w, http.StatusOK, s.toProvisioned(f, at.Qualifier))
}

func (s *server) listProvisioned(w http.ResponseWriter, r *http.Request) error {
	f, err := s.function(r)
	if err != nil {
		return err
	}
	some, marker, err := page(r, slices.Collect(maps.Keys(f.Provisioned)), func(q string) string { return q })
	if err != nil {
		return err
	}
	all := []provisioned{}
	for _, qualifier := range some {
		p := s.toProvisioned(f, qualifier)
		p.FunctionArn = function.ARN(f.Latest.Name, qualifier)
		all = append(all, p)
	}
	return reply(w, http.StatusOK, struct {
		ProvisionedConcurrencyConfigs []provisioned
		NextMarker                    string `json:",omitempty"`
	}{all, marker})
}

// deleteProvisioned is Lambda's DeleteProvisionedConcurrencyConfig.
func (s *server) deleteProvisioned(w http.ResponseWriter, r *http.Request) error {
	at, err := provisionable(r)
	if err != nil {
		return err
	}
	_, err = s.runner.Registry.Change(at.Name, func(f *registry.Function) error {
		if _, ok := f.Provisioned[at.Qualifier]; !ok {
			return function.NotProvisioned()
		}
		delete(f.Provisioned, at.Qualifier)
		return nil
	})
	if err != nil {
		return err
	}
	return done(w)
}
