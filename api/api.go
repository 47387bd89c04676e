// Package api is the shop's HTTP contract, the same in front of every
// architecture: JSON types, routes and who may call them, and the problems
// that may be answered. openapi.yaml says it for other languages.
//
// An architecture implements the interfaces of this package, one per noun, and
// serves the Handler it gets for them.
package api

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"

	"triptych/domain/fault"
	"triptych/internal/rest"
	"triptych/internal/serve"
	"triptych/internal/token"
)

// A Shop is what stands behind the contract: an implementation per noun.
type Shop struct {
	Accounts  Accounts
	Catalogue Catalogue
	Carts     Carts
	Orders    Orders
	Pictures  Pictures
	Payroll   Payroll
	Reports   Reports
}

// Options say how a shop is served.
type Options struct {
	Architecture string // monolith, microservices or functions
	Version      string
	Tokens       token.Verifier
	Health       *serve.Health
	Translate    func(error) error // turns a driver's error into a fault; may be nil
	MaxBrowsing  int64             // requests of the class Browsing handled at once; 0 means 100
	MaxCheckouts int64             // checkouts handled at once; 0 means 1,000
	MaxUploads   int64             // uploads handled at once; 0 means 8
	MaxSignIns   int64             // passwords hashed or waiting to be; 0 means 50
	MaxWaiting   int64             // requests of the class Waiting at once; 0 means 100
}

// requestTimeout is how long the answering of a request may take, beside the
// time that the client wishes to wait. Whoever waits in a queue behind a
// database that does not answer hears 503 then.
const requestTimeout = 12 * time.Second

// maxWait is the longest that Prefer: wait is honoured.
const maxWait = 30 * time.Second

// server is what the handlers of the route table share.
type server struct {
	Shop
	Options
	limiter *rest.Limiter
}

// Handler serves a shop by the route table.
func Handler(shop Shop, o Options) http.Handler {
	s := &server{shop, o, rest.NewLimiter(cmp.Or(o.MaxBrowsing, 100), cmp.Or(o.MaxCheckouts, 1000), cmp.Or(o.MaxUploads, 8),
		cmp.Or(o.MaxSignIns, 50), cmp.Or(o.MaxWaiting, 100))}
	mux := http.NewServeMux()
	for _, route := range Routes {
		mux.Handle(route.Method+" "+route.Path, s.handler(route))
	}
	mux.Handle("GET /healthz", s.errors(s.alive))
	mux.Handle("GET /readyz", s.errors(s.ready))
	mux.Handle("/", s.errors(s.unrouted(mux)))
	return addressed(otelhttp.NewHandler(rest.TraceID(mux), "http",
		otelhttp.WithFilter(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/") })))
}

// addressed refuses requests to a host that is no text. net/http does so when it
// is in the header Host, but not when it is in the request's first line; and it
// would be in telemetry, where one such host puts an end to all metrics.
func addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !utf8.ValidString(r.Host) {
			rest.Problem(w, r, fault.New(fault.Malformed, "bad_parameter", "the host must be UTF-8"), nil)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// handler makes a route's handler: shed what is too much, find out who is
// asking, let them in or not, answer.
func (s *server) handler(route Route) http.Handler {
	return s.errors(func(w http.ResponseWriter, r *http.Request) error {
		nameSpan(r, route)
		if route.Class == SigningIn {
			if err := readFirst(w, r); err != nil {
				return err
			}
		}
		leave, ok := s.limiter.Enter(int(class(route, r)))
		if !ok {
			return rest.Overloaded()
		}
		defer leave()
		caller, err := s.admit(r, route.Who)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout+rest.Wait(r, maxWait))
		defer cancel()
		return route.serve(s, w, r.WithContext(ctx), caller)
	})
}

// readFirst reads a request's body before it takes a place. Nobody knows who
// signs in: fifty who send a byte now and then would else keep all others out.
func readFirst(w http.ResponseWriter, r *http.Request) error {
	body, err := rest.Body(w, r, rest.MaxJSON)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// class is a request's: that of its route, unless it wishes to wait. Those who
// wait must not take the places of those who only look.
func class(route Route, r *http.Request) Class {
	if route.Class == Browsing && rest.Wait(r, maxWait) > 0 {
		return Waiting
	}
	return route.Class
}

func nameSpan(r *http.Request, route Route) {
	trace.SpanFromContext(r.Context()).SetName(route.Method + " " + route.Path)
}

func (s *server) errors(h rest.Handler) http.Handler {
	h = rest.Recover(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			rest.Problem(w, r, err, s.Translate)
		}
	})
}

// methods are those that routes have, and HEAD, which net/http answers where
// there is a GET.
var methods = []string{"GET", "HEAD", "PUT", "POST", "DELETE"}

// unrouted answers what no route matches: another method of a path that there
// is, or no such path.
func (s *server) unrouted(mux *http.ServeMux) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, method := range methods {
			other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
			if _, pattern := mux.Handler(other); pattern != "/" && pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			return fault.New(fault.NotFound, "not_found", "there is nothing at this address")
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return fault.New(fault.MethodNotAllowed, "method_not_allowed", "this address answers %s", strings.Join(allowed, ", "))
	}
}

func (s *server) alive(w http.ResponseWriter, _ *http.Request) error {
	return rest.JSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) error {
	if s.Health.Err(r.Context()) != nil { // its text may name hosts: it is not told
		return fault.New(fault.Unavailable, "unavailable", "a part that is needed cannot be reached").After(time.Second)
	}
	return s.alive(w, r)
}

func (s *server) info(w http.ResponseWriter, r *http.Request, _ Caller) error {
	return rest.JSON(w, http.StatusOK, map[string]string{"architecture": s.Architecture, "version": s.Version})
}
