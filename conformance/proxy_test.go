package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// A mistake is what a shop does wrong, made by somebody between it and its
// clients: what reaches the shop is changed, or what it answers, or both.
type mistake struct {
	name    string
	noticed string // the case that must notice, "section: name"
	after   string // another that gives it something to notice
	ask     func(p *proxy, r *http.Request)
	answer  func(p *proxy, r *http.Request, a *reply)
}

// A reply is an answer on its way back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// A proxy passes requests to a shop, and makes a mistake.
type proxy struct {
	shop    string
	mistake mistake
	manager string // a token, for what the proxy does by itself
	seen    chan string
}

func startProxy(t *testing.T, shop, managerToken string, m mistake) string {
	p := &proxy{shop: shop, mistake: m, manager: managerToken, seen: make(chan string, 1000)}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return server.URL
}

// ServeHTTP passes one request on.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.mistake.ask != nil {
		p.mistake.ask(p, r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a, err := p.pass(r.Method, r.URL.RequestURI(), r.Header, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // for a mistake that depends on it
	if p.mistake.answer != nil {
		p.mistake.answer(p, r, a)
	}
	a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func (p *proxy) pass(method, uri string, h http.Header, body []byte) (*reply, error) {
	r, err := http.NewRequest(method, p.shop+uri, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = h.Clone()
	r.Header.Del("Expect")
	r.Header.Del("Accept-Encoding")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answered, err := io.ReadAll(resp.Body)
	return &reply{resp.StatusCode, resp.Header.Clone(), answered}, err
}

// do makes a request of the proxy's own, as the manager.
func (p *proxy) do(method, uri string, body any) {
	raw, _ := json.Marshal(body) // made here
	h := http.Header{"Authorization": {"Bearer " + p.manager}, "Content-Type": {"application/json"}}
	_, _ = p.pass(method, uri, h, raw)
}

// rewrite replaces a request's body.
func rewrite(r *http.Request, change func([]byte) []byte) {
	body, _ := io.ReadAll(r.Body)
	body = change(body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
}

// replace changes texts in the answers to a method and a path's beginning.
func replace(method, path, old, now string) func(*proxy, *http.Request, *reply) {
	return func(_ *proxy, r *http.Request, a *reply) {
		if r.Method == method && strings.HasPrefix(r.URL.Path, path) {
			a.body = bytes.ReplaceAll(a.body, []byte(old), []byte(now))
		}
	}
}

// edit changes the JSON of successful answers to a method and a path's beginning.
func edit(method, path string, change func(map[string]any)) func(*proxy, *http.Request, *reply) {
	return func(_ *proxy, r *http.Request, a *reply) {
		if r.Method != method || !strings.HasPrefix(r.URL.Path, path) || a.status >= 300 {
			return
		}
		var v map[string]any
		d := json.NewDecoder(bytes.NewReader(a.body))
		d.UseNumber()
		if d.Decode(&v) != nil {
			return
		}
		change(v)
		a.body, _ = json.Marshal(v) // it was JSON before
	}
}

// restatus answers one status where the shop meant another.
func restatus(path string, from, to int, codes ...string) func(*proxy, *http.Request, *reply) {
	return func(_ *proxy, r *http.Request, a *reply) {
		if !strings.HasPrefix(r.URL.Path, path) || a.status != from {
			return
		}
		a.status = to
		a.body = bytes.ReplaceAll(a.body, []byte(strconv.Itoa(from)), []byte(strconv.Itoa(to)))
		if len(codes) == 2 {
			a.body = bytes.ReplaceAll(a.body, []byte(codes[0]), []byte(codes[1]))
		}
	}
}

// drop leaves a header out of every answer.
func drop(name string) func(*proxy, *http.Request, *reply) {
	return func(_ *proxy, _ *http.Request, a *reply) { a.header.Del(name) }
}
