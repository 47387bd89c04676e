package api

import (
	"crypto/subtle"
	"net/http"

	"triptych/faas/function"
	"triptych/faas/runner"
	"triptych/faas/sigv4"
)

// A Gate knows who calls, for what stands beside this API and is open to more
// than its callers: function URLs.
type Gate struct{ s *server }

// NewGate returns the gate of a runner whose API has these options.
func NewGate(r *runner.Runner, o Options) *Gate {
	return &Gate{newServer(r, o)}
}

// Bound has a request take no longer than Lambda's Invoke may.
func (g *Gate) Bound(w http.ResponseWriter, r *http.Request) {
	bound(w, r, route{action: invokeAction, limit: function.MaxSyncPayload})
}

// Enter waits until there is room for the request's body, as there is for the
// events of the API; leave makes room for the next once it is read, and must be
// called. A *function.Error says that there was none in time.
func (g *Gate) Enter(r *http.Request) (leave func(), err error) {
	return g.s.enter(r, route{limit: function.MaxSyncPayload}, caller{})
}

// Answering has the client take no longer for an answer of n bytes, which is held
// until then, than for a request.
func (g *Gate) Answering(w http.ResponseWriter, n int) { answering(w, n) }

// Discard reads what is left of a body that nobody wants, within bounds: a client
// that is still writing may never see the answer.
func (g *Gate) Discard(r *http.Request) { discard(r) }

// Name reports why the name that the runner is called by may be the trick of a
// web page. With a key there is nothing to gain by one.
func (g *Gate) Name(r *http.Request) error {
	if g.s.unsigned() {
		return g.s.named(r)
	}
	return nil
}

// Foreign tells of a request that a web page of another site makes a browser
// send, to do something and not only to look.
func (g *Gate) Foreign(r *http.Request) bool { return g.s.pages.Check(r) != nil }

// A Signer is who has signed a request.
type Signer struct {
	AccessKey string
	Function  string // when it was one; empty is who has the runner's key
}

// Signer returns who has signed a request, whose body is given, to call a
// function; a *function.Error when nobody has, or who may not. Only keys that the
// runner has given out are looked at: its own, and those of functions.
func (g *Gate) Signer(r *http.Request, body []byte, to function.Ref) (Signer, error) {
	claim, err := sigv4.Read(r)
	if err != nil {
		return Signer{}, err
	}
	if claim == nil {
		return Signer{}, function.Unsigned()
	}
	by := Signer{AccessKey: claim.AccessKey}
	caller, own := g.s.runner.Caller(claim.AccessKey, claim.SessionToken)
	secret := caller.Secret
	switch {
	case own:
		by.Function = caller.Name
		if err := g.s.mayInvoke(caller, to); err != nil {
			return Signer{}, err
		}
	case g.s.isKey(claim.AccessKey):
		secret = g.s.o.SecretKey
	default:
		return Signer{}, function.UnknownKey()
	}
	return by, claim.Verify(r, body, secret, service, g.s.o.Now())
}

// isKey tells whether a key is the runner's.
func (s *server) isKey(key string) bool {
	return s.o.AccessKey != "" && subtle.ConstantTimeCompare([]byte(key), []byte(s.o.AccessKey)) == 1
}

// unsigned tells whether an unsigned request is as good as a signed one.
func (s *server) unsigned() bool { return s.o.AccessKey == "" && !s.o.Signed }
