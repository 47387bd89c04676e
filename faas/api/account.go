package api

import (
	"cmp"
	"net/http"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// account is Lambda's GetAccountSettings.
func (s *server) account(w http.ResponseWriter, r *http.Request) error {
	type limit struct {
		CodeSizeUnzipped, CodeSizeZipped, TotalCodeSize      int64 // bytes
		ConcurrentExecutions, UnreservedConcurrentExecutions int
	}
	type usage struct {
		FunctionCount int
		TotalCodeSize int64 // bytes
	}
	return reply(w, http.StatusOK, struct {
		AccountLimit limit
		AccountUsage usage
	}{
		limit{
			CodeSizeUnzipped: function.MaxUnzipped, CodeSizeZipped: function.MaxZip, TotalCodeSize: maxStorage,
			ConcurrentExecutions:           s.runner.Concurrency(),
			UnreservedConcurrentExecutions: s.runner.Concurrency() - s.runner.Registry.Reserved(""),
		},
		usage{FunctionCount: len(s.runner.Registry.All()), TotalCodeSize: s.storage()},
	})
}

type recursion struct{ RecursiveLoop string }

func toRecursion(f *registry.Function) recursion { return recursion{cmp.Or(f.Recursion, "Terminate")} }

// putRecursion is Lambda's PutFunctionRecursionConfig.
func (s *server) putRecursion(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	var in recursion
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	if in.RecursiveLoop != registry.RecursionAllow && in.RecursiveLoop != "Terminate" {
		return function.Invalid("RecursiveLoop is %.20q: it must be Allow or Terminate", in.RecursiveLoop)
	}
	f, err := s.runner.Registry.Change(name, func(f *registry.Function) error {
		f.Recursion = in.RecursiveLoop
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toRecursion(f))
}

// getRecursion is Lambda's GetFunctionRecursionConfig.
func (s *server) getRecursion(w http.ResponseWriter, r *http.Request) error {
	f, err := s.function(r)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toRecursion(f))
}

// noPolicy is Lambda's GetPolicy of a function that has none, as all here.
func (s *server) noPolicy(http.ResponseWriter, *http.Request) error {
	return function.NotFound("The resource you requested does not exist.")
}
