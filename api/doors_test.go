package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"triptych/internal/serve"
)

// sample is the route's path with something for each part that varies.
func sample(r Route) string {
	return strings.NewReplacer("{sku}", "TEA", "{id}", id, "{size}", "thumb").Replace(r.Path)
}

// Who is asking comes first: whatever else is wrong with a request, nobody
// hears of it who may not call the route.
func TestWhoMayNotCallARouteHearsNothingElse(t *testing.T) {
	f := open(t)
	expired := issue(t, signer(t, 1), ada, 2*time.Hour)
	for _, r := range Routes {
		if r.Who == Anyone {
			continue
		}
		for name, header := range map[string]string{
			"nothing": "", "another scheme": "Basic YTpi", "no token": "Bearer", "a blank": "Bearer ", "garbage": "Bearer x.y.z",
			"an old token": "Bearer " + expired, "a token alone": f.manager,
		} {
			a := f.ask(t, "", r.Method, sample(r), "{not JSON", "Authorization", header)
			if code := a.code(t); a.StatusCode != http.StatusUnauthorized || code != "unauthenticated" || a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s with %s: got %d %s", r.Operation, name, a.StatusCode, code)
			}
		}
		if r.Who == Managers {
			if a := f.ask(t, f.customer, r.Method, sample(r), "{not JSON"); a.StatusCode != http.StatusForbidden || a.code(t) != "forbidden" {
				t.Errorf("%s as a customer: got %d %s", r.Operation, a.StatusCode, a.body)
			}
		}
	}
	if asked := f.asked(); asked != "" {
		t.Errorf("the shop was asked %s", asked)
	}
}

// Whose token has expired must be able to sign in again, and to look around.
func TestAnOldTokenClosesNoOpenDoor(t *testing.T) {
	f := open(t)
	expired := issue(t, signer(t, 1), ada, 2*time.Hour)
	for _, r := range Routes {
		if r.Who != Anyone {
			continue
		}
		if a := f.ask(t, "", r.Method, sample(r), "{}", "Authorization", "Bearer "+expired); a.StatusCode == http.StatusUnauthorized {
			t.Errorf("%s: got %d %s", r.Operation, a.StatusCode, a.body)
		}
	}
}

// A route whose author forgot its policy is closed to everybody.
func TestNoPolicyLetsNobodyIn(t *testing.T) {
	s := signer(t, 1)
	server := &server{Options: Options{Tokens: s.Verifier()}}
	for _, token := range []string{"", issue(t, s, ada, 0), issue(t, s, boss, 0)} {
		r, _ := http.NewRequest("GET", "/", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		if c, err := server.admit(r, 0); err == nil {
			t.Errorf("%+v is let in", c)
		}
	}
}

func TestTheSchemeIsReadInAnyCase(t *testing.T) {
	f := open(t)
	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		if a := f.ask(t, "", "GET", "/v1/cart", "", "Authorization", scheme+" "+f.customer); a.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d", scheme, a.StatusCode)
		}
	}
}

func TestWhatNoRouteMatches(t *testing.T) {
	f := open(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""}, {"GET", "/v1", 404, ""}, {"GET", "/v1/nothing", 404, ""}, {"GET", "/v1/products/", 404, ""},
		{"GET", "/v1/cart/", 404, ""}, {"GET", "/v1/products/A%2FB", 404, ""}, {"DELETE", "/v1/nothing", 404, ""}, {"GET", "/V1/cart", 404, ""},
		{"POST", "/v1/products", 405, "GET, HEAD"}, {"DELETE", "/v1/products/TEA", 405, "GET, HEAD, PUT"}, {"GET", "/v1/sessions", 405, "POST"},
		{"HEAD", "/v1/sessions", 405, "POST"}, {"PATCH", "/v1/cart", 405, "GET, HEAD, DELETE"}, {"OPTIONS", "/v1/orders", 405, "GET, HEAD, POST"},
		{"GET", "/v1/orders/" + id + "/ship", 405, "POST"}, {"POST", "/healthz", 405, "GET, HEAD"}, {"BREW", "/v1/info", 405, "GET, HEAD"},
	} {
		a := f.ask(t, "", c.method, c.path, "")
		if a.StatusCode != c.status || a.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: got %d, Allow: %s", c.method, c.path, a.StatusCode, a.Header.Get("Allow"))
		}
		want := map[int]string{404: "not_found", 405: "method_not_allowed"}[c.status]
		if c.method != "HEAD" && a.code(t) != want {
			t.Errorf("%s %s: got %s", c.method, c.path, a.body)
		}
	}
}

func TestHEADIsGETWithoutABody(t *testing.T) {
	f := open(t)
	for _, path := range []string{"/v1/products/TEA", "/v1/info", "/v1/pictures/" + id + "/thumb", "/v1/cart", "/healthz"} {
		get := f.ask(t, f.customer, "GET", path, "")
		head := f.ask(t, f.customer, "HEAD", path, "")
		if head.StatusCode != 200 || head.body != "" || get.body == "" {
			t.Errorf("%s: got %d with %q", path, head.StatusCode, head.body)
		}
		for _, name := range []string{"Content-Type", "Content-Length", "ETag", "Cache-Control"} {
			if g, h := get.Header.Get(name), head.Header.Get(name); g != h {
				t.Errorf("%s: %s is %q, to HEAD %q", path, name, g, h)
			}
		}
	}
	if a := f.ask(t, "", "HEAD", "/v1/cart", ""); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("HEAD without a token: got %d", a.StatusCode)
	}
}

// flood has n requests held by the shop, and returns how to let them go.
func (f *front) flood(t *testing.T, n int, path string, headers ...string) (release func()) {
	t.Helper()
	entered, hold, answered := make(chan string), make(chan struct{}), make(chan int, n)
	f.holding(entered, hold)
	for range n {
		go func() { answered <- f.ask(t, f.customer, "GET", path, "", headers...).StatusCode }()
	}
	for range n {
		select {
		case <-entered:
		case status := <-answered:
			t.Errorf("%s, which should be held, is answered %d", path, status)
			n--
		}
	}
	f.holding(nil, nil)
	return func() {
		close(hold)
		for range n {
			if status := <-answered; status != http.StatusOK {
				t.Errorf("%s, which was held, is answered %d", path, status)
			}
		}
	}
}

func TestBrowsingIsShedBeforeCheckout(t *testing.T) {
	f := open(t, func(o *Options) { o.MaxBrowsing, o.MaxCheckouts = 2, 3 })
	want := func(path string, status int) {
		t.Helper()
		a := f.ask(t, f.customer, "GET", path, "")
		if a.StatusCode != status {
			t.Errorf("%s: got %d, want %d", path, a.StatusCode, status)
		}
		if status == http.StatusServiceUnavailable && (a.code(t) != "overloaded" || a.Header.Get("Retry-After") != "1") {
			t.Errorf("%s: got %s, Retry-After: %s", path, a.body, a.Header.Get("Retry-After"))
		}
	}
	stopBrowsing := f.flood(t, 2, "/v1/products")
	want("/v1/products/TEA", 503)
	want("/v1/info", 503)
	want("/v1/cart", 200)
	want("/v1/orders/"+id, 200)
	stopBuying := f.flood(t, 3, "/v1/cart")
	want("/v1/cart", 503)
	want("/v1/orders/"+id, 503)
	want("/healthz", 200) // whoever runs it must still be able to ask
	want("/readyz", 200)
	stopBrowsing()
	want("/v1/products/TEA", 200)
	want("/v1/cart", 503)
	stopBuying()
	want("/v1/cart", 200)
}

// A hundred who wait for a picture would else leave no place to look at others.
func TestWhoWaitsTakesNoPlaceOfWhoLooks(t *testing.T) {
	f := open(t, func(o *Options) { o.MaxBrowsing, o.MaxWaiting = 1, 2 })
	stop := f.flood(t, 2, "/v1/products/TEA", "Prefer", "wait=30")
	if a := f.ask(t, "", "GET", "/v1/products/TEA", ""); a.StatusCode != http.StatusOK {
		t.Errorf("who looks: got %d %s", a.StatusCode, a.body)
	}
	if a := f.ask(t, "", "GET", "/v1/products/TEA", "", "Prefer", "wait=30"); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a third who waits: got %d %s", a.StatusCode, a.body)
	}
	stop()
}

// Whoever has not said yet who they are, and takes their time, takes no place.
func TestWhoSendsSlowlyKeepsNobodyOut(t *testing.T) {
	f := open(t, func(o *Options) { o.MaxSignIns = 1 })
	sending, stop := io.Pipe()
	slow, err := http.NewRequest("POST", f.URL+"/v1/sessions", sending)
	if err != nil {
		t.Fatal(err)
	}
	slow.Header.Set("Content-Type", "application/json")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if a, err := f.Client().Do(slow); err == nil {
			a.Body.Close()
		}
	}()
	if _, err := stop.Write([]byte("{")); err != nil { // it is on its way
		t.Fatal(err)
	}
	if a := f.ask(t, "", "POST", "/v1/sessions", `{"email":"ada@example.com","password":"secret word"}`); a.StatusCode != http.StatusCreated {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
	stop.Close()
	<-gone
}

// A place is given back however a request ends.
func TestNoPlaceIsLost(t *testing.T) {
	f := open(t, func(o *Options) { o.MaxBrowsing, o.MaxCheckouts, o.MaxUploads = 1, 1, 1 })
	quiet(t)
	for range 3 {
		f.ask(t, "", "GET", "/v1/cart", "")
		f.ask(t, f.customer, "PUT", "/v1/cart/lines/TEA", "{")
		f.panics = "at the till"
		f.ask(t, f.customer, "GET", "/v1/cart", "")
		f.panics, f.err = nil, errors.New("the till is broken")
		f.ask(t, f.customer, "GET", "/v1/cart", "")
		f.err = nil
	}
	if a := f.ask(t, f.customer, "GET", "/v1/cart", ""); a.StatusCode != http.StatusOK {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
}

// quiet diverts the program's log and returns it.
func quiet(t *testing.T) *bytes.Buffer {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &log
}

func TestAPanicIsA500WithNothingInIt(t *testing.T) {
	f := open(t)
	log := quiet(t)
	f.panics = "password=hunter2"
	a := f.ask(t, f.customer, "GET", "/v1/orders", "", "Prefer", "wait=1")
	if a.StatusCode != 500 || a.code(t) != "internal" || strings.Contains(a.body, "hunter2") || strings.Contains(a.body, ".go") {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
	if !strings.Contains(log.String(), "hunter2") || !strings.Contains(log.String(), "GET /v1/orders") || !strings.Contains(log.String(), "fake_test.go") {
		t.Errorf("the log says %s", log)
	}
}

func TestAnErrorIsTranslated(t *testing.T) {
	away := errors.New("connection refused")
	f := open(t, func(o *Options) {
		o.Translate = func(err error) error {
			if errors.Is(err, away) {
				return errors.Join(NotFound("table"), err)
			}
			return err
		}
	})
	f.err = away
	if a := f.ask(t, f.customer, "GET", "/v1/cart", ""); a.StatusCode != http.StatusNotFound || strings.Contains(a.body, "refused") {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
}

func TestHealth(t *testing.T) {
	var broken error
	f := open(t, func(o *Options) {
		o.Health = &serve.Health{Check: func(context.Context) error { return broken }}
	})
	for _, c := range []struct {
		broken error
		ready  int
	}{{nil, 200}, {errors.New("dial 10.0.0.1"), 503}, {nil, 200}} {
		broken = c.broken
		alive, ready := f.ask(t, "", "GET", "/healthz", ""), f.ask(t, "", "GET", "/readyz", "")
		if alive.StatusCode != 200 || ready.StatusCode != c.ready || strings.Contains(ready.body, "10.0.0.1") {
			t.Errorf("%v: alive %d, ready %d %s", c.broken, alive.StatusCode, ready.StatusCode, ready.body)
		}
	}
}

// A shop that does not answer at all must not hold a request for ever.
func TestARequestIsGivenADeadline(t *testing.T) {
	f := open(t)
	for header, want := range map[string]time.Duration{"": requestTimeout, "wait=5": requestTimeout + 5*time.Second} {
		f.ask(t, f.customer, "GET", "/v1/orders/"+id, "", "Prefer", header)
		if got := f.left; got > want || got < want-time.Second {
			t.Errorf("Prefer %q leaves the shop %s, want %s", header, got, want)
		}
	}
}

// A first line such as "GET http://\xff/v1/info HTTP/1.1" gets past net/http.
func TestAHostIsText(t *testing.T) {
	h := Handler(Shop{}, Options{})
	for host, want := range map[string]int{"shop:8080": http.StatusOK, "\xff": http.StatusBadRequest} {
		r := httptest.NewRequest("GET", "/v1/info", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: got %d %s, want %d", host, w.Code, w.Body, want)
		}
	}
}
