package api

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// maxBody bounds the body of a request that changes a function: code in base64.
const maxBody = function.MaxZip*4/3 + 1<<20

// create is Lambda's CreateFunction.
func (s *server) create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		settings
		FunctionName  string
		Code          struct{ ZipFile []byte }
		PackageType   string
		Architectures []string
		Publish       bool
		Tags          map[string]string
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	name, err := function.ParseRef(in.FunctionName, "")
	if err != nil {
		return err
	}
	if in.PackageType != "" && in.PackageType != "Zip" {
		return function.Invalid("the package type %s is not supported: use Zip", in.PackageType)
	}
	c := &function.Config{Name: name.Name}
	if len(in.Architectures) > 0 {
		c.Arch = in.Architectures[0]
	}
	if c.Runner, err = function.SettingsFrom(in.Tags); err != nil {
		return err
	}
	if err := in.apply(c); err != nil {
		return err
	}
	if err := s.putCode(r, c, in.Code.ZipFile); err != nil {
		return err
	}
	touch(c)
	f := &registry.Function{Latest: c, Tags: in.Tags}
	if in.Publish {
		c = f.Publish("", uuid.NewString())
	}
	if _, err := s.runner.Registry.Create(f); err != nil {
		return err
	}
	return reply(w, http.StatusCreated, toConfiguration(c))
}

// putCode keeps a zip file as the code of a function.
func (s *server) putCode(r *http.Request, c *function.Config, zip []byte) error {
	digest, err := s.runner.Code.Put(r.Context(), zip)
	if err != nil {
		return err
	}
	c.Code, c.CodeSize = digest, int64(len(zip))
	return nil
}

// touch notes that a configuration has changed.
func touch(c *function.Config) { c.Modified, c.Revision = time.Now(), uuid.NewString() }

// updateCode is Lambda's UpdateFunctionCode.
func (s *server) updateCode(w http.ResponseWriter, r *http.Request) error {
	ref, err := ref(r)
	if err != nil {
		return err
	}
	var in struct {
		ZipFile    []byte
		Publish    bool
		DryRun     bool
		RevisionId string
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	var changed *function.Config
	_, err = s.runner.Registry.Change(ref.Name, func(f *registry.Function) error {
		changed = f.Latest
		if err := expect(changed, in.RevisionId); err != nil {
			return err
		}
		if err := s.putCode(r, changed, in.ZipFile); err != nil {
			return err
		}
		touch(changed)
		if in.Publish {
			changed = f.Publish("", uuid.NewString())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toConfiguration(changed))
}

// updateConfiguration is Lambda's UpdateFunctionConfiguration.
func (s *server) updateConfiguration(w http.ResponseWriter, r *http.Request) error {
	ref, err := ref(r)
	if err != nil {
		return err
	}
	var in struct {
		settings
		RevisionId string
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	f, err := s.runner.Registry.Change(ref.Name, func(f *registry.Function) error {
		if err := expect(f.Latest, in.RevisionId); err != nil {
			return err
		}
		if err := in.apply(f.Latest); err != nil {
			return err
		}
		touch(f.Latest)
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toConfiguration(f.Latest))
}

// expect refuses a change of something that has changed since it was read.
func expect(c *function.Config, revision string) error {
	if revision != "" && revision != c.Revision {
		return function.Outdated()
	}
	return nil
}

// get is Lambda's GetFunction.
func (s *server) get(w http.ResponseWriter, r *http.Request) error {
	f, c, err := s.resolve(r)
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
		Configuration: toConfiguration(c),
		Code:          location{"S3", "http://" + r.Host + "/_/code/" + c.Code.String()},
		Tags:          f.Tags,
		Concurrency:   toConcurrency(f.Reserved),
	})
}

type concurrency struct{ ReservedConcurrentExecutions int }

func toConcurrency(n *int) *concurrency {
	if n == nil {
		return nil
	}
	return &concurrency{*n}
}

// getConfiguration is Lambda's GetFunctionConfiguration.
func (s *server) getConfiguration(w http.ResponseWriter, r *http.Request) error {
	_, c, err := s.resolve(r)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toConfiguration(c))
}

// list is Lambda's ListFunctions.
func (s *server) list(w http.ResponseWriter, r *http.Request) error {
	functions := []configuration{}
	for _, f := range s.runner.Registry.All() {
		functions = append(functions, toConfiguration(f.Latest))
	}
	return reply(w, http.StatusOK, struct{ Functions []configuration }{functions})
}

// delete is Lambda's DeleteFunction.
func (s *server) delete(w http.ResponseWriter, r *http.Request) error {
	ref, err := ref(r)
	if err != nil {
		return err
	}
	if err := s.runner.Registry.Delete(ref.Name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) resolve(r *http.Request) (*registry.Function, *function.Config, error) {
	ref, err := ref(r)
	if err != nil {
		return nil, nil, err
	}
	return s.runner.Registry.Resolve(ref)
}

// decode reads a JSON body; members that Lambda has and this runner has not
// are let be.
func decode(r *http.Request, into any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return function.InvalidContent("the body of the request ended early: %v", err)
	case len(body) > maxBody:
		return function.TooLarge(maxBody)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return function.InvalidContent("Could not parse request body into json: %v", err)
	}
	return nil
}
