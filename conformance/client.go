package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// An account is somebody who asks. Nobody, without a token, is nil.
type account struct {
	ID, Email, Password, Token string
}

func newClient() *http.Client {
	return &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 64,
			// Large bodies ask first, so that a refusal is read instead of a reset.
			ExpectContinueTimeout: 5 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// An option changes a request before it is sent.
type option func(*http.Request)

// header sets a header as it is, also one that ought to be refused.
func header(name, value string) option {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = []string{value} }
}

// without takes a header away.
func without(name string) option { return func(r *http.Request) { r.Header.Del(name) } }

// key sets the Idempotency-Key.
func key(k string) option { return header("Idempotency-Key", k) }

// wait asks to be answered with the final state.
var wait = header("Prefer", "wait=30")

// chunked sends the body without saying how long it is.
func chunked(r *http.Request) { r.ContentLength = -1 }

func (t *try) get(who *account, path string, opts ...option) *answer {
	return t.ask(who, "GET", path, nil, opts...)
}

func (t *try) post(who *account, path string, body any, opts ...option) *answer {
	return t.ask(who, "POST", path, body, opts...)
}

func (t *try) put(who *account, path string, body any, opts ...option) *answer {
	return t.ask(who, "PUT", path, body, opts...)
}

// ask sends a request and holds the answer against the contract. A body of
// bytes goes as it is, nil is none, anything else becomes JSON. What is wrong
// with the answer is noted, and the scenario goes on.
func (t *try) ask(who *account, method, path string, body any, opts ...option) *answer {
	a := t.send(who, method, path, body, opts...)
	t.requests.Add(1)
	for _, problem := range t.contract.check(method, a.path, a.Status, a.Header, a.Body) {
		t.errorf("%s: %s", a, problem)
	}
	if a.Status == http.StatusInternalServerError {
		t.errorf("%s: nothing that a client sends may be an internal error", a)
	}
	t.remember(method, a)
	return a
}

func (t *try) send(who *account, method, path string, body any, opts ...option) *answer {
	var content []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		content = b
	default:
		var err error
		content, err = json.Marshal(b)
		t.must(err)
	}
	r, err := http.NewRequestWithContext(t.ctx, method, t.target.URL+path, bytes.NewReader(content))
	t.must(err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if len(content) > 256<<10 {
		r.Header.Set("Expect", "100-continue")
	}
	if who != nil {
		r.Header.Set("Authorization", "Bearer "+who.Token)
	}
	for _, o := range opts {
		o(r)
	}
	start := time.Now()
	resp, err := t.client.Do(r)
	if err != nil {
		t.fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		t.fatalf("%s %s: read the answer: %v", method, path, err)
	}
	u, _ := url.Parse(path) // it has just been sent
	return &answer{t, method, u.Path, resp.StatusCode, resp.Header, got, time.Since(start)}
}

// An answer is what came back.
type answer struct {
	t      *try
	method string
	path   string
	Status int
	Header http.Header
	Body   []byte
	Took   time.Duration
}

// String names the request and what it was answered, for a sentence about it.
func (a *answer) String() string {
	body := a.Body
	if !json.Valid(body) {
		body = nil
	}
	const enough = 400
	if len(body) > enough {
		body = append(slices.Clone(body[:enough]), "…"...)
	}
	return a.method + " " + a.path + " → " + http.StatusText(a.Status) + " " + string(body)
}

// want ends the scenario unless the answer has one of those statuses.
func (a *answer) want(statuses ...int) *answer {
	if !slices.Contains(statuses, a.Status) {
		a.t.fatalf("%s: status is %d, want %d", a, a.Status, statuses)
	}
	return a
}

// problem is an answer that tells what is wrong.
type problem struct {
	Status int
	Code   string
	Detail string
	Errors []struct{ Pointer, Detail string }
}

// refused ends the scenario unless the answer is a problem of that status and
// one of those codes.
func (a *answer) refused(status int, codes ...string) problem {
	a.want(status)
	p := decode[problem](a)
	if !slices.Contains(codes, p.Code) {
		a.t.fatalf("%s: code is %q, want %q", a, p.Code, codes)
	}
	return p
}

// invalid ends the scenario unless the answer is 422 invalid; it notes every
// pointer that is wanted and not named.
func (a *answer) invalid(pointers ...string) {
	p := a.refused(http.StatusUnprocessableEntity, "invalid")
	for _, want := range pointers {
		named := false
		for _, e := range p.Errors {
			named = named || e.Pointer == want
		}
		if !named {
			a.t.errorf("%s: errors do not name %q", a, want)
		}
	}
}

// decode reads the answer's JSON.
func decode[V any](a *answer) V {
	var v V
	if err := json.Unmarshal(a.Body, &v); err != nil {
		a.t.fatalf("%s: %v", a, err)
	}
	return v
}
