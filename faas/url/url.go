// Package url serves function URLs: HTTP in front of a function, for clients
// that know nothing of Lambda. A request becomes an event, and the function's
// answer a response.
//
// Each URL has a host name of its own, ID.lambda-url.us-east-1.localhost, which
// is this machine to browsers and to curl, and to the others the path /_/urls/ID/
// of the runner. At the latter its pages are kept apart by a sandbox of the
// browser's, or they were pages of the runner, and could call its API.
//
// Unlike AWS, which invokes the function and keeps the answer from the page, what
// pages of other sites send is refused unless the URL's Cors names them.
//
// Source: "Invoking Lambda function URLs" and "Control access to Lambda function
// URLs" in the AWS Lambda Developer Guide.
package url

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/semconv/v1.43.0/faasconv"

	"triptych/faas/api"
	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/faas/trace"
)

type server struct {
	runner *runner.Runner
	gate   *api.Gate
}

// Handler serves the function URLs of a runner, whose API has these options, to
// requests that Has tells of.
func Handler(r *runner.Runner, o api.Options) http.Handler {
	return &server{r, api.NewGate(r, o)}
}

// Has tells whether a request is for a function URL, by the name of its host or
// by its path.
func Has(r *http.Request) bool {
	return isHost(host(r)) || strings.HasPrefix(r.URL.Path, function.URLPath)
}

// host is the name that a request calls the runner by.
func host(r *http.Request) string {
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// isHost tells of names of URLs, those of other regions too: they are nobody
// else's.
func isHost(name string) bool {
	return strings.HasSuffix(name, ".localhost") && strings.Contains(name, ".lambda-url.")
}

// A target is what a request is for.
type target struct {
	id, path string // the path as it was sent, below the URL
	beside   bool   // it was called by a path of the runner's
}

func (s *server) target(r *http.Request) (target, error) {
	path := sent(r)
	if name := host(r); isHost(name) {
		id, _ := strings.CutSuffix(name, function.URLDomain)
		return target{id: id, path: path}, nil
	}
	if err := s.gate.Name(r); err != nil {
		return target{}, err
	}
	id, path, _ := strings.Cut(strings.TrimPrefix(path, function.URLPath), "/")
	return target{id: strings.ToLower(id), path: "/" + path, beside: true}, nil
}

// sent is a request's path as its client wrote it.
func sent(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	if path := r.URL.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// A call is one request for a function.
type call struct {
	*server
	w      http.ResponseWriter
	r      *http.Request
	target target
	url    registry.URL
	ref    function.Ref
	in     runner.Invocation
}

// ServeHTTP has the function that a URL belongs to answer.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{server: s, w: w, r: r}
	s.gate.Bound(w, r)
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

// methods are those that a function URL takes.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

func (c *call) serve() (err error) {
	if c.target, err = c.server.target(c.r); err != nil {
		return err
	}
	var found bool
	if c.url, c.ref, found = c.runner.Registry.URL(c.target.id); !found {
		return errUnknown
	}
	if !slices.Contains(methods, c.r.Method) {
		c.w.Header().Set("Allow", strings.Join(methods, ", "))
		return refusal{http.StatusMethodNotAllowed, "a function URL takes " + strings.Join(methods, ", ")}
	}
	if c.preflight() {
		return nil
	}
	if c.gate.Foreign(c.r) && !c.allowed() {
		return refusal{http.StatusForbidden, "The request comes from a web page of another site: name that in AllowOrigins of the URL's Cors"}
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	var signer *api.Signer
	if c.url.Auth == registry.AuthIAM {
		by, err := c.gate.Signer(c.r, body, c.ref)
		if err != nil {
			slog.InfoContext(c.r.Context(), "a request for a function URL was refused", "function", c.ref.String(), "why", err)
			return errForbidden
		}
		signer = &by
	}
	return c.invoke(body, signer)
}

// body reads the request's body.
func (c *call) body() ([]byte, error) {
	const limit = function.MaxSyncPayload
	if c.r.ContentLength > limit {
		return nil, errTooLarge
	}
	leave, err := c.gate.Enter(c.r)
	if err != nil {
		return nil, err
	}
	defer leave()
	c.gate.Bound(c.w, c.r) // anew: it may have waited for others
	body, err := io.ReadAll(io.LimitReader(c.r.Body, limit+1))
	switch {
	case err != nil:
		return nil, refusal{http.StatusBadRequest, "the body of the request ended early"}
	case len(body) > limit:
		return nil, errTooLarge
	}
	return body, nil
}

func (c *call) invoke(body []byte, signer *api.Signer) error {
	c.in = runner.Invocation{
		Ref:       c.ref,
		RequestID: uuid.NewString(),
		Trace:     trace.FromRequest(c.r.Header),
		Trigger:   string(faasconv.TriggerHTTP),
	}
	c.w.Header().Set("X-Amzn-Requestid", c.in.RequestID)
	c.in.Payload = newEvent(c, body, signer, time.Now())
	if len(c.in.Payload) > function.MaxSyncPayload {
		return errTooLarge // with its headers, and in base64
	}
	if c.url.Mode == registry.ResponseStream {
		return c.invokeStream()
	}
	result, err := c.runner.Invoke(c.r.Context(), c.in)
	if err != nil {
		return err
	}
	c.w.Header().Set(trace.Name, result.Trace.String())
	if result.Failed {
		return errBroken
	}
	a, err := parse(result.ContentType, result.Payload)
	if err != nil {
		slog.InfoContext(c.r.Context(), "a function answered its URL with what is no response", "function", c.ref.String(), "why", err)
		return errBroken
	}
	c.gate.Answering(c.w, len(a.body))
	c.head(a.head, len(a.body))
	_, _ = c.w.Write(a.body)
	return nil // a client that has gone does not want it
}

// A refusal is an answer that is no function's.
type refusal struct {
	status  int
	message string // empty is null
}

func (r refusal) Error() string { return r.message }

var (
	errUnknown   = refusal{status: http.StatusForbidden} // AWS does not say whether there is one
	errForbidden = refusal{http.StatusForbidden, "Forbidden"}
	errTooLarge  = refusal{http.StatusRequestEntityTooLarge, "Request must be smaller than 6291456 bytes"}
	errBroken    = refusal{http.StatusBadGateway, "Internal Server Error"}
)

// refused is what a client sees of any error.
func refused(err error) refusal {
	if r, ok := errors.AsType[refusal](err); ok {
		return r
	}
	switch e := function.From(err); e.Status {
	case http.StatusTooManyRequests, http.StatusForbidden, http.StatusInternalServerError:
		return refusal{e.Status, e.Message}
	}
	return errBroken // there is a function, and it cannot be run
}
