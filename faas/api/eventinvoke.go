package api

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"triptych/faas/async"
	"triptych/faas/function"
	"triptych/faas/registry"
)

type (
	destination struct {
		Destination string `json:",omitempty"`
	}
	destinationConfig struct{ OnSuccess, OnFailure destination }
)

// An eventInvokeConfig is Lambda's FunctionEventInvokeConfig.
type eventInvokeConfig struct {
	FunctionArn              string
	LastModified             float64 // seconds since 1970
	MaximumRetryAttempts     *int    `json:",omitempty"`
	MaximumEventAgeInSeconds *int    `json:",omitempty"`
	DestinationConfig        destinationConfig
}

func toAsync(f *registry.Function, qualifier string) eventInvokeConfig {
	a := f.Async[qualifier]
	out := eventInvokeConfig{
		FunctionArn:          function.ARN(f.Latest.Name, qualifier),
		LastModified:         float64(a.Modified.UnixMilli()) / 1000,
		MaximumRetryAttempts: a.Retries,
		DestinationConfig:    destinationConfig{destination{a.OnSuccess}, destination{a.OnFailure}},
	}
	if a.MaxAge > 0 {
		seconds := int(a.MaxAge / time.Second)
		out.MaximumEventAgeInSeconds = &seconds
	}
	return out
}

// newAsync is what a request says of it. What is nil stays as it is.
type newAsync struct {
	MaximumRetryAttempts, MaximumEventAgeInSeconds *int
	DestinationConfig                              *destinationConfig
}

func (in newAsync) apply(name string, a *registry.Async) error {
	a.Modified = time.Now()
	if n := in.MaximumRetryAttempts; n != nil {
		if *n < 0 || *n > function.MaxRetries {
			return function.Invalid("MaximumRetryAttempts is %d: it must be from 0 to %d", *n, function.MaxRetries)
		}
		a.Retries = n
	}
	if n := in.MaximumEventAgeInSeconds; n != nil {
		const least, most = int(function.MinEventAge / time.Second), int(function.MaxEventAge / time.Second)
		if *n < least || *n > most {
			return function.Invalid("MaximumEventAgeInSeconds is %d: it must be from %d to %d", *n, least, most)
		}
		a.MaxAge = time.Duration(*n) * time.Second
	}
	if d := in.DestinationConfig; d != nil {
		a.OnSuccess, a.OnFailure = d.OnSuccess.Destination, d.OnFailure.Destination
	}
	for _, arn := range []string{a.OnSuccess, a.OnFailure} {
		if arn == "" {
			continue
		}
		if err := async.CheckTarget(arn); err != nil {
			return err
		}
		if to, err := function.ParseRef(arn, ""); err == nil && to.Name == name {
			return function.Invalid("You can't specify the function as a destination for itself.")
		}
	}
	return nil
}

// putAsync is Lambda's PutFunctionEventInvokeConfig.
func (s *server) putAsync(w http.ResponseWriter, r *http.Request) error {
	return s.changeAsync(w, r, func(*registry.Function, function.Ref) (registry.Async, error) { return registry.Async{}, nil })
}

// updateAsync is Lambda's UpdateFunctionEventInvokeConfig.
func (s *server) updateAsync(w http.ResponseWriter, r *http.Request) error {
	return s.changeAsync(w, r, findAsync)
}

func (s *server) changeAsync(w http.ResponseWriter, r *http.Request, from func(*registry.Function, function.Ref) (registry.Async, error)) error {
	at, err := asyncRef(r)
	if err != nil {
		return err
	}
	var in newAsync
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	if in == (newAsync{}) {
		return function.Invalid("You must specify at least one of error handling or destination setting.")
	}
	f, err := s.runner.Registry.Change(at.Name, func(f *registry.Function) error {
		if _, err := f.Version(meant(f, at.Qualifier)); err != nil {
			return err
		}
		a, err := from(f, at)
		if err != nil {
			return err
		}
		if err := in.apply(at.Name, &a); err != nil {
			return err
		}
		f.SetAsync(at.Qualifier, a)
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toAsync(f, at.Qualifier))
}

// asyncRef reads what a request is about: $LATEST when nothing else is said.
func asyncRef(r *http.Request) (function.Ref, error) {
	at, err := ref(r)
	at.Qualifier = cmp.Or(at.Qualifier, function.Latest)
	return at, err
}

func findAsync(f *registry.Function, at function.Ref) (registry.Async, error) {
	a, ok := f.Async[at.Qualifier]
	if !ok {
		return a, function.NotFound("The function %s doesn't have an EventInvokeConfig", function.ARN(at.Name, at.Qualifier))
	}
	return a, nil
}

// getAsync is Lambda's GetFunctionEventInvokeConfig.
func (s *server) getAsync(w http.ResponseWriter, r *http.Request) error {
	at, err := asyncRef(r)
	if err != nil {
		return err
	}
	f, err := s.runner.Registry.Get(at.Name)
	if err != nil {
		return err
	}
	if _, err := findAsync(f, at); err != nil {
		return err
	}
	return reply(w, http.StatusOK, toAsync(f, at.Qualifier))
}

// listAsync is Lambda's ListFunctionEventInvokeConfigs.
func (s *server) listAsync(w http.ResponseWriter, r *http.Request) error {
	f, err := s.function(r)
	if err != nil {
		return err
	}
	some, marker, err := page(r, slices.Collect(maps.Keys(f.Async)), func(q string) string { return q })
	if err != nil {
		return err
	}
	all := []eventInvokeConfig{}
	for _, qualifier := range some {
		all = append(all, toAsync(f, qualifier))
	}
	return reply(w, http.StatusOK, struct {
		FunctionEventInvokeConfigs []eventInvokeConfig
		NextMarker                 string `json:",omitempty"`
	}{all, marker})
}

// deleteAsync is Lambda's DeleteFunctionEventInvokeConfig.
func (s *server) deleteAsync(w http.ResponseWriter, r *http.Request) error {
	at, err := asyncRef(r)
	if err != nil {
		return err
	}
	_, err = s.runner.Registry.Change(at.Name, func(f *registry.Function) error {
		if _, err := findAsync(f, at); err != nil {
			return err
		}
		delete(f.Async, at.Qualifier)
		return nil
	})
	if err != nil {
		return err
	}
	return done(w)
}
