package url_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"triptych/faas/api"
	"triptych/faas/build"
	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/faas/sandbox"
	"triptych/faas/url"
	"triptych/internal/waittest"
)

// The process that watches over this one stays for as long as it lives.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

// A lab is a runner that serves the URLs of its functions.
type lab struct {
	*testing.T
	runner  *runner.Runner
	web     *httptest.Server
	serving atomic.Int32 // requests
}

func newLab(t *testing.T, o api.Options) *lab {
	t.Helper()
	data, err := os.MkdirTemp("", "url-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	r, err := runner.Open(runner.Options{Data: data, Addr: "127.0.0.1:1", Isolation: sandbox.None, Concurrency: 50, KeepAlive: time.Minute, Cache: 1 << 30, Logs: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	l := &lab{T: t, runner: r}
	h := url.Handler(r, o)
	l.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !url.Has(r) {
			http.NotFound(w, r)
			return
		}
		l.serving.Add(1)
		defer l.serving.Add(-1)
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(l.web.Close)
	return l
}

var program = sync.OnceValues(func() (build.Zip, error) {
	return build.Package(context.Background(), "testdata/function", build.Options{})
})

// function deploys a function and returns the id of its URL.
func (l *lab) function(handler string, u registry.URL, change ...func(*registry.Function)) string {
	l.Helper()
	zip, err := program()
	if err != nil {
		l.Fatal(err)
	}
	digest, err := l.runner.Code.Put(l.Context(), zip.Bytes)
	if err != nil {
		l.Fatal(err)
	}
	if u.Auth == "" {
		u.Auth = registry.AuthNone
	}
	if u.Mode == "" {
		u.Mode = registry.Buffered
	}
	u.ID = strings.ReplaceAll(uuid.NewString(), "-", "")
	f := &registry.Function{Latest: &function.Config{
		Name: "f-" + u.ID[:8], Runtime: "provided.al2023", Handler: handler, Code: digest, Memory: 256, Timeout: 30 * time.Second, Revision: uuid.NewString(),
	}}
	f.SetURL("", u)
	for _, c := range change {
		c(f)
	}
	if err := f.Latest.Check(); err != nil {
		l.Fatal(err)
	}
	if _, err := l.runner.Registry.Create(f); err != nil {
		l.Fatal(err)
	}
	waittest.Until(l, "the function is active", func() bool {
		f, err := l.runner.Registry.Get(f.Latest.Name)
		return err != nil || len(f.Waiting()) == 0
	})
	return u.ID
}

// A response is one that was read.
type response struct {
	*http.Response
	body string
}

// send sends a request as it is written: lines of headers after the first, and a
// body after an empty one. HOST stands for the host name of id.
func (l *lab) send(id, request string) response {
	l.Helper()
	request = strings.ReplaceAll(request, "HOST", l.host(id))
	head, body, _ := strings.Cut(request, "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")))
	if err != nil {
		l.Fatal(err)
	}
	r.RequestURI = ""
	r.URL.Scheme, r.URL.Host = "http", l.web.Listener.Addr().String()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return l.do(r)
}

func (l *lab) host(id string) string { return id + function.URLDomain + l.port() }

func (l *lab) port() string {
	addr := l.web.Listener.Addr().String()
	return addr[strings.LastIndex(addr, ":"):]
}

func (l *lab) do(r *http.Request) response {
	l.Helper()
	res, err := (&http.Transport{DisableKeepAlives: true, DisableCompression: true}).RoundTrip(r)
	if err != nil {
		l.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		l.Fatal(err)
	}
	return response{res, string(body)}
}

// answers checks a status and a body.
func (l *lab) answers(got response, status int, body string) {
	l.Helper()
	if got.StatusCode != status || got.body != body {
		l.Errorf("answered with %d %q, want %d %q", got.StatusCode, got.body, status, body)
	}
}
