package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// isVersion tells the number of a version from the name of an alias.
func isVersion(qualifier string) bool {
	return qualifier != "" && strings.Trim(qualifier, "0123456789") == ""
}

// publish is Lambda's PublishVersion.
func (s *server) publish(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	var in struct{ CodeSha256, Description, RevisionId string }
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	if tooLong(in.Description) {
		return longDescription()
	}
	var published *function.Config
	_, err = s.runner.Registry.Change(name, func(f *registry.Function) error {
		if err := f.Settled(); err != nil {
			return err
		}
		c := f.Latest
		if err := expect(c.Revision, in.RevisionId); err != nil {
			return err
		}
		switch {
		case !c.State.Done():
			return function.NotReady(c.State)
		case !c.Update.Done():
			return function.Conflict("The last update of %s failed: deploy its code again before you publish it", c.ARN())
		case in.CodeSha256 != "" && in.CodeSha256 != c.Code.Base64():
			return function.Invalid("CodeSHA256 (%.64s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", in.CodeSha256, c.Code.Base64())
		}
		published = f.Publish(in.Description, uuid.NewString())
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, toConfiguration(published, published.ARN()))
}

// listVersions is Lambda's ListVersionsByFunction.
func (s *server) listVersions(w http.ResponseWriter, r *http.Request) error {
	f, err := s.function(r)
	if err != nil {
		return err
	}
	some, marker, err := page(r, append(slices.Clone(f.Versions), f.Latest), versionKey)
	if err != nil {
		return err
	}
	versions := []configuration{}
	for _, c := range some {
		versions = append(versions, toListed(c, qualified(c)))
	}
	return reply(w, http.StatusOK, struct {
		Versions   []configuration
		NextMarker string `json:",omitempty"`
	}{versions, marker})
}

// function returns what a request is about, as a whole.
func (s *server) function(r *http.Request) (*registry.Function, error) {
	name, err := whole(r)
	if err != nil {
		return nil, err
	}
	return s.runner.Registry.Get(name)
}
