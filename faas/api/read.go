package api

import (
	"net/http"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// get is Lambda's GetFunction.
func (s *server) get(w http.ResponseWriter, r *http.Request) error {
	f, c, arn, err := s.lookup(r)
	if err != nil {
		return err
	}
	type location struct{ RepositoryType, Location string }
	return reply(w, http.StatusOK, struct {
		Configuration configuration
		Code          location
		Tags          map[string]string `json:",omitempty"`
		Concurrency   *concurrency      `json:",omitempty"`
	}{
		Configuration: toConfiguration(c, arn),
		Code:          location{"S3", s.location(r, c.Code)},
		Tags:          f.Tags,
		Concurrency:   toConcurrency(f),
	})
}

// getConfiguration is Lambda's GetFunctionConfiguration.
func (s *server) getConfiguration(w http.ResponseWriter, r *http.Request) error {
	_, c, arn, err := s.lookup(r)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toConfiguration(c, arn))
}

// lookup returns what a request is about, and its name as it was asked for.
func (s *server) lookup(r *http.Request) (*registry.Function, *function.Config, string, error) {
	at, err := ref(r)
	if err != nil {
		return nil, nil, "", err
	}
	f, c, err := s.runner.Registry.Lookup(at)
	return f, c, function.ARN(at.Name, at.Qualifier), err
}

// list is Lambda's ListFunctions.
func (s *server) list(w http.ResponseWriter, r *http.Request) error {
	var all []*function.Config
	version := r.URL.Query().Get("FunctionVersion")
	for _, f := range s.runner.Registry.All() {
		all = append(all, f.Latest)
		if version == "ALL" {
			all = append(all, f.Versions...)
		}
	}
	if version != "" && version != "ALL" {
		return function.Invalid("FunctionVersion is %.20q: it can only be ALL", version)
	}
	some, marker, err := page(r, all, func(c *function.Config) string { return c.Name + "\x00" + versionKey(c) })
	if err != nil {
		return err
	}
	functions := []configuration{}
	for _, c := range some {
		arn := c.ARN()
		if version == "ALL" {
			arn = qualified(c)
		}
		functions = append(functions, toListed(c, arn))
	}
	return reply(w, http.StatusOK, struct {
		Functions  []configuration
		NextMarker string `json:",omitempty"`
	}{functions, marker})
}
