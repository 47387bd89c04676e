package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"triptych/faas/function"
	"triptych/faas/mapping"
	"triptych/faas/registry"
)

// Lambda's limits of tags; those that mean something to the runner may be
// longer.
const (
	maxTags      = 50
	maxOwnValue  = 4096 // bytes
	ownTagPrefix = "runner:"
)

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return function.Invalid("There are %d tags: at most %d are allowed", len(tags), maxTags)
	}
	for name, value := range tags {
		own := strings.HasPrefix(name, ownTagPrefix)
		switch {
		case name == "" || len([]rune(name)) > function.MaxTagName:
			return function.Invalid("The name of the tag %.150q must have 1 to %d characters", name, function.MaxTagName)
		case strings.HasPrefix(strings.ToLower(name), "aws:"):
			return function.Invalid("The name of the tag %q must not begin with aws:", name)
		case !own && len([]rune(value)) > function.MaxTagValue || len(value) > maxOwnValue:
			return function.Invalid("The value of the tag %q has too many characters: at most %d are allowed", name, function.MaxTagValue)
		}
	}
	return nil
}

// tagged reads which function's tags a request is about.
func tagged(r *http.Request) (string, error) {
	at, err := function.ParseRef(r.PathValue("function"), "")
	if err == nil && at.Qualifier != "" {
		err = function.Invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	return at.Name, err
}

// listTags is Lambda's ListTags.
func (s *server) listTags(w http.ResponseWriter, r *http.Request) error {
	if id, ok := mapping.FromARN(r.PathValue("function")); ok {
		view, err := s.runner.Mappings.Get(id)
		if err != nil {
			return err
		}
		return replyTags(w, view.Tags)
	}
	name, err := tagged(r)
	if err != nil {
		return err
	}
	f, err := s.runner.Registry.Get(name)
	if err != nil {
		return err
	}
	return replyTags(w, f.Tags)
}

func replyTags(w http.ResponseWriter, tags map[string]string) error {
	if tags == nil {
		tags = map[string]string{}
	}
	return reply(w, http.StatusOK, struct{ Tags map[string]string }{tags})
}

// tag is Lambda's TagResource.
func (s *server) tag(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Tags map[string]string }
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	return s.retag(w, r, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
}

// untag is Lambda's UntagResource.
func (s *server) untag(w http.ResponseWriter, r *http.Request) error {
	names := r.URL.Query()["tagKeys"]
	if len(names) == 0 {
		return function.Invalid("There are no tagKeys: say which tags to remove")
	}
	return s.retag(w, r, func(tags map[string]string) {
		maps.DeleteFunc(tags, func(name, _ string) bool { return slices.Contains(names, name) })
	})
}

// retag changes a function's tags. What they say of how it is run holds for
// $LATEST, and for versions that are published from now on. Those of a mapping say
// nothing to the runner.
func (s *server) retag(w http.ResponseWriter, r *http.Request, change func(map[string]string)) error {
	if id, ok := mapping.FromARN(r.PathValue("function")); ok {
		err := s.runner.Mappings.Tag(id, func(old map[string]string) (map[string]string, error) {
			tags := map[string]string{}
			maps.Copy(tags, old)
			change(tags)
			return tags, checkTags(tags)
		})
		if err != nil {
			return err
		}
		return done(w)
	}
	name, err := tagged(r)
	if err != nil {
		return err
	}
	_, err = s.runner.Registry.Change(name, func(f *registry.Function) error {
		tags := map[string]string{}
		maps.Copy(tags, f.Tags)
		change(tags)
		old := f.Latest.Runner.Tags()
		if err := s.setTags(f, tags); err != nil {
			return err
		}
		if maps.Equal(old, f.Latest.Runner.Tags()) {
			return nil
		}
		return edited(f)
	})
	if err != nil {
		return err
	}
	return done(w)
}
