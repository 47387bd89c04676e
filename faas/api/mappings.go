package api

import (
	"net/http"
	"slices"

	"triptych/faas/function"
	"triptych/faas/mapping"
)

// createMapping is Lambda's CreateEventSourceMapping.
func (s *server) createMapping(w http.ResponseWriter, r *http.Request) error {
	var in newMapping
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	if err := in.refuse(); err != nil {
		return err
	}
	m := mapping.Mapping{
		Start: mapping.TrimHorizon, Enabled: true, BatchSize: mapping.DefaultBatch, Window: mapping.DefaultWindow, Retries: mapping.Forever,
	}
	if err := in.source(&m); err != nil {
		return err
	}
	if in.FunctionName == nil {
		return function.Invalid("There is no FunctionName: say which function the records are for")
	}
	if err := s.mapped(&m, *in.FunctionName); err != nil {
		return err
	}
	in.apply(&m)
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	m.Tags = in.Tags
	view, err := s.runner.Mappings.Create(m)
	if err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, toMapping(view))
}

// mapped has a mapping be for a function that is there.
func (s *server) mapped(m *mapping.Mapping, name string) error {
	at, err := function.ParseRef(name, "")
	if err != nil {
		return err
	}
	m.Ref = at
	_, _, err = s.runner.Registry.Lookup(at)
	return err
}

// listMappings is Lambda's ListEventSourceMappings.
func (s *server) listMappings(w http.ResponseWriter, r *http.Request) error {
	views := s.runner.Mappings.All()
	q := r.URL.Query()
	if name := q.Get("FunctionName"); name != "" {
		at, err := function.ParseRef(name, "")
		if err != nil {
			return err
		}
		views = slices.DeleteFunc(views, func(v mapping.View) bool {
			return v.Ref.Name != at.Name || at.Qualifier != "" && v.Ref.Qualifier != at.Qualifier
		})
	}
	if q.Get("EventSourceArn") != "" {
		views = nil // no source here has an ARN
	}
	some, marker, err := page(r, views, func(v mapping.View) string { return v.ID })
	if err != nil {
		return err
	}
	all := []eventSourceMapping{}
	for _, v := range some {
		all = append(all, toMapping(v))
	}
	return reply(w, http.StatusOK, struct {
		EventSourceMappings []eventSourceMapping
		NextMarker          string `json:",omitempty"`
	}{all, marker})
}

// getMapping is Lambda's GetEventSourceMapping.
func (s *server) getMapping(w http.ResponseWriter, r *http.Request) error {
	view, err := s.runner.Mappings.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, toMapping(view))
}

// updateMapping is Lambda's UpdateEventSourceMapping.
func (s *server) updateMapping(w http.ResponseWriter, r *http.Request) error {
	var in newMapping
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	if err := in.refuse(); err != nil {
		return err
	}
	view, err := s.runner.Mappings.Change(r.PathValue("id"), func(m *mapping.Mapping) error {
		if err := in.fixed(m); err != nil {
			return err
		}
		in.apply(m)
		if in.FunctionName == nil {
			return nil
		}
		return s.mapped(m, *in.FunctionName)
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, toMapping(view))
}

// deleteMapping is Lambda's DeleteEventSourceMapping.
func (s *server) deleteMapping(w http.ResponseWriter, r *http.Request) error {
	view, err := s.runner.Mappings.Delete(r.PathValue("id"))
	if err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, toMapping(view))
}
