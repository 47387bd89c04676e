package api

import (
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/google/uuid"

	"triptych/faas/function"
	"triptych/faas/registry"
)

var validAlias = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,128}$`)

// newAlias is what creating and updating an alias have in common.
type newAlias struct {
	Description, FunctionVersion *string
	RoutingConfig                *routingConfig
}

type routingConfig struct{ AdditionalVersionWeights map[string]float64 }

// apply puts them into an alias and checks the whole.
func (in newAlias) apply(f *registry.Function, a *registry.Alias) error {
	set(&a.Description, in.Description)
	set(&a.Version, in.FunctionVersion)
	if in.RoutingConfig != nil {
		a.Weights = in.RoutingConfig.AdditionalVersionWeights
	}
	a.Revision = uuid.NewString()
	if tooLong(a.Description) {
		return longDescription()
	}
	if len(a.Weights) > 1 {
		return function.Invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	if err := mayMean(f, a.Version); err != nil {
		return err
	}
	for version, weight := range a.Weights {
		switch {
		case weight < 0 || weight > 1:
			return function.Invalid("The weight %v of version %s is not from 0 to 1", weight, version)
		case a.Version == function.Latest || version == function.Latest:
			return function.Invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		case version == a.Version:
			return function.Invalid("Invalid function version %s. Function version %s is already included in routing configuration.", version, version)
		}
		if err := mayMean(f, version); err != nil {
			return err
		}
	}
	return nil
}

// mayMean reports why an alias may not mean a version. One that cannot be run
// yet is refused, and not only when it is called: events that are queued for
// the alias would be lost.
func mayMean(f *registry.Function, version string) error {
	if version != function.Latest && !isVersion(version) {
		return function.Invalid("FunctionVersion is %.130q: it must be the number of a version, or $LATEST", version)
	}
	c, err := f.Running(version)
	if err == nil && !c.State.Done() {
		err = function.NotReady(c.State)
	}
	return err
}

type alias struct {
	AliasArn, Name, FunctionVersion, Description, RevisionId string
	RoutingConfig                                            *routingConfig `json:",omitempty"`
}

func toAlias(f *registry.Function, a registry.Alias) alias {
	out := alias{
		AliasArn: function.ARN(f.Latest.Name, a.Name), Name: a.Name,
		FunctionVersion: a.Version, Description: a.Description, RevisionId: a.Revision,
	}
	if len(a.Weights) > 0 {
		out.RoutingConfig = &routingConfig{a.Weights}
	}
	return out
}

// createAlias is Lambda's CreateAlias.
func (s *server) createAlias(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	var in struct {
		Name string
		newAlias
	}
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	switch {
	case !validAlias.MatchString(in.Name) || isVersion(in.Name):
		return function.Invalid("The alias name %.140q is not valid: use 1 to 128 letters, digits, hyphens and underscores, and not digits alone", in.Name)
	case in.FunctionVersion == nil:
		return function.Invalid("There is no FunctionVersion: say which version the alias means")
	}
	f, err := s.runner.Registry.Change(name, func(f *registry.Function) error {
		if _, ok := f.Aliases[in.Name]; ok {
			return function.Conflict("Alias already exists: %s", function.ARN(name, in.Name))
		}
		a := registry.Alias{Name: in.Name}
		if err := in.apply(f, &a); err != nil {
			return err
		}
		f.SetAlias(a)
		return f.CheckProvisioned()
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, toAlias(f, f.Aliases[in.Name]))
}

// getAlias is Lambda's GetAlias.
func (s *server) getAlias(w http.ResponseWriter, r *http.Request) error {
	f, err := s.function(r)
	if err != nil {
		return err
	}
	a, err := findAlias(f, r.PathValue("alias"))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toAlias(f, a))
}

func findAlias(f *registry.Function, name string) (registry.Alias, error) {
	a, ok := f.Aliases[name]
	if !ok {
		return a, function.NotFound("Cannot find alias arn: %s", function.ARN(f.Latest.Name, name))
	}
	return a, nil
}

// listAliases is Lambda's ListAliases.
func (s *server) listAliases(w http.ResponseWriter, r *http.Request) error {
	f, err := s.function(r)
	if err != nil {
		return err
	}
	all := slices.Collect(maps.Values(f.Aliases))
	if version := r.URL.Query().Get("FunctionVersion"); version != "" {
		all = slices.DeleteFunc(all, func(a registry.Alias) bool {
			_, weighted := a.Weights[version]
			return a.Version != version && !weighted
		})
	}
	some, marker, err := page(r, all, func(a registry.Alias) string { return a.Name })
	if err != nil {
		return err
	}
	aliases := []alias{}
	for _, a := range some {
		aliases = append(aliases, toAlias(f, a))
	}
	return reply(w, http.StatusOK, struct {
		Aliases    []alias
		NextMarker string `json:",omitempty"`
	}{aliases, marker})
}

// updateAlias is Lambda's UpdateAlias.
func (s *server) updateAlias(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	var in struct {
		RevisionId string
		newAlias
	}
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	f, err := s.runner.Registry.Change(name, func(f *registry.Function) error {
		a, err := findAlias(f, r.PathValue("alias"))
		if err != nil {
			return err
		}
		if err := expect(a.Revision, in.RevisionId); err != nil {
			return err
		}
		if err := in.apply(f, &a); err != nil {
			return err
		}
		f.SetAlias(a)
		return f.CheckProvisioned()
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toAlias(f, f.Aliases[r.PathValue("alias")]))
}

// deleteAlias is Lambda's DeleteAlias: once more does no harm.
func (s *server) deleteAlias(w http.ResponseWriter, r *http.Request) error {
	name, err := whole(r)
	if err != nil {
		return err
	}
	_, err = s.runner.Registry.Change(name, func(f *registry.Function) error {
		f.RemoveAlias(r.PathValue("alias"))
		return nil
	})
	if err != nil {
		return err
	}
	return done(w)
}
