package api

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sync/semaphore"

	"triptych/faas/function"
	"triptych/faas/runner"
	"triptych/faas/sigv4"
)

// service is what signatures must be meant for.
const service = "lambda"

// admit reports why a request may not do what it asks for.
func (s *server) admit(rt route, r *http.Request) error {
	if rt.open {
		return nil
	}
	claim, err := sigv4.Read(r)
	unsigned := s.unsigned()
	if unsigned && (claim == nil || err != nil) {
		return s.anybody(r)
	}
	if err != nil {
		return err
	}
	if claim == nil {
		return function.Unsigned()
	}
	by, own := s.runner.Caller(claim.AccessKey, claim.SessionToken)
	secret := by.Secret
	switch {
	case own:
	case unsigned:
		return s.anybody(r)
	case s.isKey(claim.AccessKey):
		secret = s.o.SecretKey
	default:
		return function.UnknownKey()
	}
	if own { // before its body is had: a function is no reason to hold a zip file
		if err := s.permit(rt, r, by); err != nil {
			return err
		}
		finished, err := s.hold(r, rt, by.Name)
		if err != nil {
			return err
		}
		defer finished()
	}
	body, err := readBody(r, rt.limit)
	if err != nil {
		return err
	}
	if err := claim.Verify(r, body, secret, service, s.o.Now()); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

// maxHeld is how many bytes are held at a time of what one function sends,
// until it is known that it was the function.
const maxHeld = 64 << 20

// hold waits until a body may be read, which a function can send by a thousand
// connections; finished makes room for the next.
func (s *server) hold(r *http.Request, rt route, name string) (finished func(), err error) {
	size := int64(rt.limit)
	if n := r.ContentLength; n >= 0 && n < size {
		size = n
	}
	of, _ := s.held.LoadOrStore(name, semaphore.NewWeighted(maxHeld))
	room := of.(*semaphore.Weighted)
	if err := room.Acquire(r.Context(), size); err != nil {
		return nil, err
	}
	return func() { room.Release(size) }, nil
}

// permit reports why a function may not do something: it may invoke others, or
// those that it names.
func (s *server) permit(rt route, r *http.Request, by runner.Caller) error {
	if rt.action != invokeAction {
		return function.Denied("User: %s is not authorized to perform: lambda:%s: functions may invoke others, and nothing else", function.ARN(by.Name, ""), rt.action)
	}
	to, err := ref(r)
	if err != nil {
		return err
	}
	return s.mayInvoke(by, to)
}

// mayInvoke reports why one function may not invoke another.
func (s *server) mayInvoke(by runner.Caller, to function.Ref) error {
	f, err := s.runner.Registry.Get(by.Name)
	if err != nil || f.Latest.Creation != by.Creation {
		return function.UnknownKey() // the function is no more
	}
	if f.MayInvoke != nil && !slices.Contains(f.MayInvoke, to.Name) {
		return function.Denied("User: %s is not authorized to perform: lambda:%s on resource: %s: allow it by the policies of its template, or its tag %s",
			function.ARN(by.Name, ""), invokeAction, function.ARN(to.Name, ""), function.TagMayInvoke)
	}
	return nil
}

// anybody reports why a request that needs no key may be a trick of a web page.
func (s *server) anybody(r *http.Request) error {
	if err := s.named(r); err != nil {
		return err
	}
	if err := s.pages.Check(r); err != nil {
		return function.Denied("The request comes from a web page of another site: a page cannot call the runner, have a server of its own do it")
	}
	return nil
}

// named reports why a name that the runner was called by may be somebody's who
// has pointed it here.
func (s *server) named(r *http.Request) error {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if !s.known(host) {
		return function.Denied("The runner was called by the name %.100q, which it does not know: call it by its address or as localhost", host)
	}
	return nil
}

// private are the domains that nobody can own (RFC 2606, 6761, 6762, 8375; ICANN
// for internal).
var private = []string{".localhost", ".internal", ".local", ".test", ".example", ".home.arpa"}

func (s *server) known(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return true
	}
	return slices.ContainsFunc(private, func(domain string) bool { return strings.HasSuffix(host, domain) }) ||
		slices.ContainsFunc(s.o.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}
