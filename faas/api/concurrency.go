package api

import (
	"net/http"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// leastUnreserved is how much of the concurrency stays for functions that have
// none reserved: as on Lambda 100 of 1,000, and a tenth of less.
func (s *server) leastUnreserved() int { return min(100, s.runner.Concurrency()/10) }

// putConcurrency is Lambda's PutFunctionConcurrency.
func (s *server) putConcurrency(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	var in struct{ ReservedConcurrentExecutions *int }
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	n := in.ReservedConcurrentExecutions
	if n == nil || *n < 0 {
		return function.Invalid("ReservedConcurrentExecutions must be a number from 0")
	}
	_, err = s.runner.Registry.Change(name, func(f *registry.Function) error {
		if p := f.Instances(); *n < p {
			return function.Invalid("ReservedConcurrentExecutions %d should not be lower than function's total provisioned concurrency [%d].", *n, p)
		}
		if s.runner.Concurrency()-s.runner.Registry.Reserved(name)-*n < s.leastUnreserved() {
			return function.Invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", s.leastUnreserved())
		}
		f.Reserved = n
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, concurrency{*n})
}

// getConcurrency is Lambda's GetFunctionConcurrency.
func (s *server) getConcurrency(w http.ResponseWriter, r *http.Request) error {
	f, err := s.function(r)
	if err != nil {
		return err
	}
	if c := toConcurrency(f); c != nil {
		return reply(w, http.StatusOK, c)
	}
	return reply(w, http.StatusOK, struct{}{})
}

// deleteConcurrency is Lambda's DeleteFunctionConcurrency.
func (s *server) deleteConcurrency(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	_, err = s.runner.Registry.Change(name, func(f *registry.Function) error {
		f.Reserved = nil
		return nil
	})
	if err != nil {
		return err
	}
	return done(w)
}
