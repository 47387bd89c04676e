// Package api is AWS Lambda's HTTP API in front of the runner: the official
// clients and command line use it by being given its address.
//
// Who may call it: without a key in Options, everybody who reaches its address,
// signed or not; with one, only who signs with it. The keys that functions find
// in their environment are looked at in both cases, and allow no more than to
// invoke the functions that theirs may. A function that signs with no key is
// anybody, where anybody may call: so functions are to be given an address of
// their own, at which everybody signs, and kept from the other.
//
// Web pages are kept out. A browser sends what a page asks it to, to this
// machine too, so without a key requests are refused that say they come from
// another site, or that call the runner by a name which the owner of some
// domain could have pointed at it. A page needs a server of its own in between.
//
// Sources: the Lambda API reference, and the models of aws-sdk-go-v2.
package api

import (
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"triptych/faas/function"
	"triptych/faas/runner"
)

// Options say who may call. The zero Options let everybody.
type Options struct {
	AccessKey, SecretKey string // when set, requests must be signed with them

	// Signed says that requests must be signed though no key is set: the keys
	// of functions are all there are.
	Signed bool

	// Hosts are names that the runner may be called by, beside IP addresses,
	// names without a dot, and those that are nobody's domain, such as
	// localhost, host.docker.internal and anything.test.
	Hosts []string

	Now func() time.Time // nil is the clock
}

// A server answers for one runner.
type server struct {
	runner *runner.Runner
	o      Options
	pages  http.CrossOriginProtection

	uploads, bodies *room
	held            sync.Map // of *room, by function
}

func newServer(r *runner.Runner, o Options) *server {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &server{runner: r, o: o, uploads: newRoom(maxUploads, roomTime), bodies: newRoom(maxBodies, roomTime)}
}

// Handler serves the API.
func Handler(r *runner.Runner, o Options) http.Handler {
	s := newServer(r, o)
	mux := http.NewServeMux()
	for _, rt := range s.routes() {
		// With a slash at its end too: that is how older clients write some.
		mux.Handle(rt.pattern, s.serve(rt))
		mux.Handle(rt.pattern+"/{$}", s.serve(rt))
	}
	mux.Handle("/", s.serve(route{limit: maxSettings, do: s.unknown(mux)}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.EscapedPath(); path.Clean(p)+"/" != p && path.Clean(p) != p { // which the mux would redirect
			s.serve(route{limit: maxSettings, do: s.unknown(nil)}).ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Guard lets through to next whom Handler would: for what a runner shows beside
// this API. Functions it does not let through.
func Guard(r *runner.Runner, o Options, next http.Handler) http.Handler {
	s := newServer(r, o)
	return s.serve(route{action: "*", limit: maxSettings, do: func(w http.ResponseWriter, r *http.Request) error {
		next.ServeHTTP(w, r)
		return nil
	}})
}

// unknown answers for everything that is no route. Lambda says "Unable to
// determine service/operation name to be authorized", which helps nobody.
func (s *server) unknown(mux *http.ServeMux) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var methods []string
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if mux != nil {
				if _, pattern := mux.Handler(&http.Request{Method: m, URL: r.URL, Host: r.Host}); pattern != "/" && pattern != "" {
					methods = append(methods, m)
				}
			}
		}
		if len(methods) > 0 {
			return function.UnknownOperation("There is no %.20s of %.200s in this runner's API: it takes %s", r.Method, r.URL.Path, strings.Join(methods, ", "))
		}
		return function.UnknownOperation("There is no %.20s %.200s in this runner's API", r.Method, r.URL.Path)
	}
}
