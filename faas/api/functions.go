package api

import (
	"maps"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/sandbox"
)

// create is Lambda's CreateFunction. The function is Pending until its code is
// unpacked and can be run.
func (s *server) create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		settings
		FunctionName  string
		Code          newCode
		PackageType   string
		Architectures []string
		Publish       bool
		Tags          map[string]string
	}
	if err := decodeCode(r, &in, &in.Code); err != nil {
		return err
	}
	name, err := function.ParseRef(in.FunctionName, "")
	if err != nil {
		return err
	}
	switch {
	case name.Qualifier != "" && name.Qualifier != function.Latest:
		return function.Invalid("The function name %q has a qualifier: leave it out", in.FunctionName)
	case in.PackageType != "" && in.PackageType != "Zip":
		return function.Invalid("the package type %.40q is not supported: use Zip", in.PackageType)
	}
	c := &function.Config{Name: name.Name, State: function.Begin(function.Pending)}
	f := &registry.Function{Latest: c}
	if err := setArch(c, in.Architectures); err != nil {
		return err
	}
	if err := s.setTags(f, in.Tags); err != nil {
		return err
	}
	if err := in.apply(c); err != nil {
		return err
	}
	if _, err := s.runner.Registry.Get(name.Name); err == nil { // before the code costs anything
		return function.Conflict("Function already exist: %s", name.Name)
	}
	if c.Code, err = s.put(r.Context(), in.Code); err != nil {
		return err
	}
	c.CodeSize = int64(len(in.Code.ZipFile))
	touch(c)
	if in.Publish {
		c = f.Publish("", uuid.NewString())
	}
	if _, err := s.runner.Registry.Create(f); err != nil {
		return err
	}
	return reply(w, http.StatusCreated, toConfiguration(c, c.ARN()))
}

func setArch(c *function.Config, archs []string) error {
	switch len(archs) {
	case 0:
		return nil
	case 1:
		c.Arch = archs[0]
		return nil
	}
	return function.Invalid("Architectures has %d: a function has one", len(archs))
}

// setTags gives a function its tags, with what they mean to the runner.
func (s *server) setTags(f *registry.Function, tags map[string]string) error {
	if err := checkTags(tags); err != nil {
		return err
	}
	settings, err := function.SettingsFrom(tags)
	if err != nil {
		return err
	}
	if settings.Isolation != "" {
		if err := s.runner.Sandbox().Check(sandbox.Level(settings.Isolation)); err != nil {
			return function.Invalid("the tag %s: %v", function.TagIsolation, err)
		}
	}
	if f.MayInvoke, err = function.MayInvoke(tags); err != nil {
		return err
	}
	f.Latest.Runner, f.Tags = settings, maps.Clone(tags)
	return nil
}

// touch notes that a configuration has changed.
func touch(c *function.Config) { c.Modified, c.Revision = time.Now(), uuid.NewString() }

// updateCode is Lambda's UpdateFunctionCode. What ran before runs on until the
// new code is unpacked.
func (s *server) updateCode(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	var in struct {
		newCode
		Architectures   []string
		Publish, DryRun bool
		RevisionId      string
		PublishTo       string
	}
	if err := decodeCode(r, &in, &in.newCode); err != nil {
		return err
	}
	if in.PublishTo != "" {
		return function.Invalid("PublishTo is not supported: leave it out")
	}
	f, err := s.runner.Registry.Get(name)
	if err != nil {
		return err
	}
	if err := expect(f.Latest.Revision, in.RevisionId); err != nil { // before the code costs anything
		return err
	}
	digest, err := s.put(r.Context(), in.newCode)
	if err != nil {
		return err
	}
	var changed *function.Config
	change := func(f *registry.Function) error {
		if err := f.Settled(); err != nil {
			return err
		}
		if err := expect(f.Latest.Revision, in.RevisionId); err != nil {
			return err
		}
		changed = f.Latest.Clone()
		changed.Code, changed.CodeSize = digest, int64(len(in.ZipFile))
		if err := setArch(changed, in.Architectures); err != nil {
			return err
		}
		if err := changed.Check(); err != nil || in.DryRun {
			return err
		}
		touch(changed)
		f.Deploy(changed)
		if in.Publish {
			changed = f.Publish("", uuid.NewString())
		}
		return nil
	}
	if in.DryRun {
		err = change(f)
	} else {
		_, err = s.runner.Registry.Change(name, change)
	}
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toConfiguration(changed, changed.ARN()))
}

// updateConfiguration is Lambda's UpdateFunctionConfiguration. There is nothing
// to wait for: what comes next is run by it.
func (s *server) updateConfiguration(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	var in struct {
		settings
		RevisionId string
	}
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	f, err := s.runner.Registry.Change(name, func(f *registry.Function) error {
		if err := f.Settled(); err != nil {
			return err
		}
		if err := expect(f.Latest.Revision, in.RevisionId); err != nil {
			return err
		}
		if err := in.apply(f.Latest); err != nil {
			return err
		}
		return edited(f)
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toConfiguration(f.Latest, f.Latest.ARN()))
}

// edited notes that the latest configuration was changed, and not its code. When
// that could not be had last time, it is tried again.
func edited(f *registry.Function) error {
	touch(f.Latest)
	if f.Before == nil {
		return nil
	}
	err := f.Settled()
	f.Deploy(f.Latest)
	return err
}

// expect refuses a change of something that has changed since it was read.
func expect(now, revision string) error {
	if revision != "" && revision != now {
		return function.Outdated()
	}
	return nil
}

// delete is Lambda's DeleteFunction, of a function or of one version.
func (s *server) delete(w http.ResponseWriter, r *http.Request) error {
	at, err := ref(r)
	if err != nil {
		return err
	}
	switch {
	case at.Qualifier == "":
		err = s.runner.Registry.Delete(at.Name)
	case at.Qualifier == function.Latest:
		err = function.Invalid("$LATEST version cannot be deleted without deleting the function.")
	case !isVersion(at.Qualifier):
		err = function.Invalid("Deletion of aliases is not currently supported.")
	default:
		_, err = s.runner.Registry.Change(at.Name, func(f *registry.Function) error { return f.Unpublish(at.Qualifier) })
	}
	if err != nil {
		return err
	}
	return done(w)
}
