package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"triptych/faas/function"
	"triptych/faas/runner"
	"triptych/faas/sigv4"
)

// service is what signatures must be meant for.
const service = "lambda"

// A caller is who sends a request, as far as can be told before its body is had.
type caller struct {
	claim    *sigv4.Claim // nil: anybody may send it
	secret   string       // that the claim is to be proved by
	function string       // when it is one
}

// caller says who sends a request, or why whoever it is may not.
func (s *server) caller(rt route, r *http.Request) (caller, error) {
	if rt.open {
		return caller{}, nil
	}
	claim, err := sigv4.Read(r)
	unsigned := s.unsigned()
	if unsigned && (claim == nil || err != nil) {
		return caller{}, s.anybody(r)
	}
	if err != nil {
		return caller{}, err
	}
	if claim == nil {
		return caller{}, function.Unsigned()
	}
	by, own := s.runner.Caller(claim.AccessKey, claim.SessionToken)
	switch {
	case own:
		return caller{claim, by.Secret, by.Name}, s.permit(rt, r, by)
	case unsigned:
		return caller{}, s.anybody(r)
	case s.isKey(claim.AccessKey):
		return caller{claim, s.o.SecretKey, ""}, nil
	}
	return caller{}, function.UnknownKey()
}

// prove reports why a request is not of whom it claims to be.
func (s *server) prove(by caller, r *http.Request, body []byte) error {
	if by.claim == nil {
		return nil
	}
	return by.claim.Verify(r, body, by.secret, service, s.o.Now())
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
