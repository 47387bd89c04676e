package api

import (
	"cmp"
	"crypto/rand"
	"encoding/base32"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// A urlConfig is Lambda's FunctionUrlConfig.
type urlConfig struct {
	AuthType         string
	Cors             *cors `json:",omitempty"`
	CreationTime     string
	FunctionArn      string
	FunctionUrl      string
	InvokeMode       string
	LastModifiedTime string
}

type cors struct {
	AllowCredentials bool
	AllowHeaders     []string `json:",omitempty"`
	AllowMethods     []string `json:",omitempty"`
	AllowOrigins     []string `json:",omitempty"`
	ExposeHeaders    []string `json:",omitempty"`
	MaxAge           int
}

func toURL(r *http.Request, f *registry.Function, alias string) urlConfig {
	u := f.URLs[alias]
	out := urlConfig{
		AuthType:         u.Auth,
		CreationTime:     u.Created.UTC().Format(isoTime),
		FunctionArn:      function.ARN(f.Latest.Name, alias),
		FunctionUrl:      address(r.Host, u.ID),
		InvokeMode:       u.Mode,
		LastModifiedTime: u.Modified.UTC().Format(isoTime),
	}
	if c := u.Cors; c != nil {
		out.Cors = &cors{c.AllowCredentials, c.AllowHeaders, c.AllowMethods, c.AllowOrigins, c.ExposeHeaders, c.MaxAge}
	}
	return out
}

// address is the URL of an id, for who calls the runner by that host. The names
// of URLs are known on this machine alone: who calls by another gets a path.
func address(host, id string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	ip, err := netip.ParseAddr(name)
	if name = strings.ToLower(name); err == nil && !ip.IsLoopback() || err != nil && name != "localhost" && !strings.HasSuffix(name, ".localhost") {
		return "http://" + host + function.URLPath + id + "/"
	}
	at := id + function.URLDomain
	if port != "" {
		at = net.JoinHostPort(at, port)
	}
	return "http://" + at + "/"
}

// newURL is what a request says of one. What is nil stays as it is.
type newURL struct {
	AuthType, InvokeMode *string
	Cors                 *cors
}

func (in newURL) apply(u *registry.URL) error {
	u.Modified = time.Now()
	set(&u.Auth, in.AuthType)
	set(&u.Mode, in.InvokeMode)
	switch {
	case u.Auth != registry.AuthNone && u.Auth != registry.AuthIAM:
		return function.Invalid("AuthType is %.40q: it must be %s or %s", u.Auth, registry.AuthNone, registry.AuthIAM)
	case u.Mode != registry.Buffered && u.Mode != registry.ResponseStream:
		return function.Invalid("InvokeMode is %.40q: it must be %s or %s", u.Mode, registry.Buffered, registry.ResponseStream)
	case in.Cors == nil:
		return nil
	}
	c := registry.Cors(*in.Cors)
	if u.Cors = &c; in.Cors.empty() {
		u.Cors = nil
	}
	return checkCors(&c)
}

// empty tells of an empty object, which takes the settings away.
func (c *cors) empty() bool {
	return !c.AllowCredentials && c.MaxAge == 0 && len(c.AllowHeaders)+len(c.AllowMethods)+len(c.AllowOrigins)+len(c.ExposeHeaders) == 0
}

// The bounds are those of the Lambda API reference.
func checkCors(c *registry.Cors) error {
	for _, list := range []struct {
		name       string
		values     []string
		most, long int
	}{
		{"AllowHeaders", c.AllowHeaders, 100, 1024},
		{"AllowMethods", c.AllowMethods, 6, 6},
		{"AllowOrigins", c.AllowOrigins, 100, 253},
		{"ExposeHeaders", c.ExposeHeaders, 100, 1024},
	} {
		if len(list.values) > list.most {
			return function.Invalid("%s has %d entries: at most %d are allowed", list.name, len(list.values), list.most)
		}
		for _, v := range list.values {
			if v == "" || len(v) > list.long || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }) {
				return function.Invalid("%s has %.80q: an entry must have from 1 to %d characters, without spaces and commas", list.name, v, list.long)
			}
		}
	}
	for _, m := range c.AllowMethods {
		if m != "*" && !slices.Contains(corsMethods, m) {
			return function.Invalid("AllowMethods has %q: it must be * or some of %s", m, strings.Join(corsMethods, ", "))
		}
	}
	if c.MaxAge < 0 || c.MaxAge > function.MaxCorsAge {
		return function.Invalid("MaxAge is %d s: it must be from 0 to %d", c.MaxAge, function.MaxCorsAge)
	}
	return nil
}

var corsMethods = []string{http.MethodGet, http.MethodPut, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete}

// urlRef reads what a request is about: the function itself, or an alias. One
// version alone has no URL.
func urlRef(r *http.Request) (function.Ref, error) {
	at, err := ref(r)
	if err == nil && at.Qualifier != "" && (!validAlias.MatchString(at.Qualifier) || isVersion(at.Qualifier)) {
		err = function.Invalid("The qualifier %.140q is not the name of an alias: a URL is of an alias, or of the function without a qualifier", at.Qualifier)
	}
	return at, err
}

func noURL() error { return function.NotFound("The resource you requested does not exist.") }

// createURL is Lambda's CreateFunctionUrlConfig.
func (s *server) createURL(w http.ResponseWriter, r *http.Request) error {
	return s.changeURL(w, r, http.StatusCreated, func(f *registry.Function, at function.Ref) (registry.URL, error) {
		if _, ok := f.URLs[at.Qualifier]; ok {
			return registry.URL{}, function.Conflict("Failed to create function url config for [functionArn = %s]. Error message:  FunctionUrlConfig exists for this Lambda function", function.ARN(at.Name, at.Qualifier))
		}
		return registry.URL{ID: newURLID(), Mode: registry.Buffered, Created: time.Now()}, nil
	})
}

// updateURL is Lambda's UpdateFunctionUrlConfig.
func (s *server) updateURL(w http.ResponseWriter, r *http.Request) error {
	return s.changeURL(w, r, http.StatusOK, func(f *registry.Function, at function.Ref) (registry.URL, error) {
		u, ok := f.URLs[at.Qualifier]
		if !ok {
			return u, noURL()
		}
		return u, nil
	})
}

func (s *server) changeURL(w http.ResponseWriter, r *http.Request, status int, from func(*registry.Function, function.Ref) (registry.URL, error)) error {
	at, err := urlRef(r)
	if err != nil {
		return err
	}
	var in newURL
	if err := decode(r, maxSettings, &in); err != nil {
		return err
	}
	f, err := s.runner.Registry.Change(at.Name, func(f *registry.Function) error {
		if at.Qualifier != "" {
			if _, err := findAlias(f, at.Qualifier); err != nil {
				return err
			}
		}
		u, err := from(f, at)
		if err != nil {
			return err
		}
		if err := in.apply(&u); err != nil {
			return err
		}
		f.SetURL(at.Qualifier, u)
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, status, toURL(r, f, at.Qualifier))
}

// newURLID is a name that nobody guesses, and that a host may have.
func newURLID() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// getURL is Lambda's GetFunctionUrlConfig.
func (s *server) getURL(w http.ResponseWriter, r *http.Request) error {
	at, err := urlRef(r)
	if err != nil {
		return err
	}
	f, err := s.runner.Registry.Get(at.Name)
	if err != nil {
		return err
	}
	if _, ok := f.URLs[at.Qualifier]; !ok {
		return noURL()
	}
	return reply(w, http.StatusOK, toURL(r, f, at.Qualifier))
}

// listURLs is Lambda's ListFunctionUrlConfigs.
func (s *server) listURLs(w http.ResponseWriter, r *http.Request) error {
	f, err := s.function(r)
	if err != nil {
		return err
	}
	some, marker, err := page(r, slices.Collect(maps.Keys(f.URLs)), func(alias string) string { return cmp.Or(alias, function.Latest) })
	if err != nil {
		return err
	}
	all := []urlConfig{}
	for _, alias := range some {
		all = append(all, toURL(r, f, alias))
	}
	return reply(w, http.StatusOK, struct {
		FunctionUrlConfigs []urlConfig
		NextMarker         string `json:",omitempty"`
	}{all, marker})
}

// deleteURL is Lambda's DeleteFunctionUrlConfig.
func (s *server) deleteURL(w http.ResponseWriter, r *http.Request) error {
	at, err := urlRef(r)
	if err != nil {
		return err
	}
	_, err = s.runner.Registry.Change(at.Name, func(f *registry.Function) error {
		if _, ok := f.URLs[at.Qualifier]; !ok {
			return noURL()
		}
		delete(f.URLs, at.Qualifier)
		return nil
	})
	if err != nil {
		return err
	}
	return done(w)
}
