package runner_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"triptych/faas/build"
	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/faas/sandbox"
	"triptych/internal/waittest"
)

// A lab is a runner with functions to try it on.
type lab struct {
	*runner.Runner
	*testing.T
	data string
}

// newLab opens a runner whose functions are kept from the machine, as they are
// by default.
func newLab(t *testing.T, change ...func(*runner.Options)) *lab {
	t.Helper()
	data, err := os.MkdirTemp("", "runner-") // other users must get through to it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	if err := os.Chmod(data, 0o711); err != nil {
		t.Fatal(err)
	}
	o := runner.Options{Data: data, Addr: "127.0.0.1:1", Isolation: sandbox.Auto, Concurrency: 100, KeepAlive: time.Minute, Cache: 1 << 30, Logs: 4 << 20}
	for _, c := range change {
		c(&o)
	}
	r, err := runner.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return &lab{Runner: r, T: t, data: data}
}

// cases is the code of testdata/functions/cases, built once; not compressed, as
// every test unpacks it.
var cases = sync.OnceValues(func() ([]byte, error) {
	z, err := build.Package(context.Background(), "testdata/functions/cases", build.Options{})
	if err != nil {
		return nil, err
	}
	r, err := zip.NewReader(bytes.NewReader(z.Bytes), int64(len(z.Bytes)))
	if err != nil {
		return nil, err
	}
	program, err := fs.ReadFile(r, "bootstrap")
	if err != nil {
		return nil, err
	}
	return packed(program)
})

// packed is a zip file that holds a program.
func packed(program []byte) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	h.SetMode(0o755)
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = f.Write(program)
	}
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

// function deploys the function of test cases with a handler, and returns its
// name.
func (l *lab) function(handler string, change ...func(*registry.Function)) string {
	l.Helper()
	code, err := cases()
	if err != nil {
		l.Fatal(err)
	}
	return l.deploy(code, handler, change...)
}

// script deploys a bootstrap that is not built.
func (l *lab) script(bootstrap string, change ...func(*registry.Function)) string {
	l.Helper()
	code, err := packed([]byte(bootstrap))
	if err != nil {
		l.Fatal(err)
	}
	return l.deploy(code, "bootstrap", change...)
}

func (l *lab) deploy(code []byte, handler string, change ...func(*registry.Function)) string {
	l.Helper()
	digest, err := l.Code.Put(l.Context(), code)
	if err != nil {
		l.Fatal(err)
	}
	f := &registry.Function{Latest: &function.Config{
		Name: "f-" + uuid.NewString()[:8], Runtime: "provided.al2023", Handler: handler, Code: digest,
		Memory: 256, Timeout: time.Minute, Revision: uuid.NewString(),
	}}
	for _, c := range change {
		c(f)
	}
	if err := f.Latest.Check(); err != nil {
		l.Fatal(err)
	}
	if _, err := l.Registry.Create(f); err != nil {
		l.Fatal(err)
	}
	waittest.Until(l, "the function is active", func() bool {
		f, err := l.Registry.Get(f.Latest.Name)
		return err != nil || len(f.Waiting()) == 0
	})
	return f.Latest.Name
}

// change gives a function another configuration, so that its instances are out
// of date.
func (l *lab) change(name string) {
	l.Helper()
	if _, err := l.Registry.Change(name, func(f *registry.Function) error {
		f.Latest = f.Latest.Clone()
		f.Latest.Revision = uuid.NewString()
		return nil
	}); err != nil {
		l.Fatal(err)
	}
}

// configured changes what a function is deployed with.
func configured(change func(*function.Config)) func(*registry.Function) {
	return func(f *registry.Function) { change(f.Latest) }
}

// alone lets a function have one instance: on a slow machine, an event that
// comes right after an answer may otherwise be given to a second one.
func alone(f *registry.Function) {
	one := 1
	f.Reserved = &one
}

func timeout(d time.Duration) func(*registry.Function) {
	return configured(func(c *function.Config) { c.Timeout = d })
}

// event is what functions of testdata/functions/cases do.
func event(do string, more ...any) string {
	fields := []string{fmt.Sprintf(`"do":%q`, do)}
	for _, m := range more {
		switch m := m.(type) {
		case int:
			fields = append(fields, fmt.Sprintf(`"count":%d`, m))
		case string:
			fields = append(fields, fmt.Sprintf(`"text":%q`, m))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// invoke gives a function an event, and wants the log.
func (l *lab) invoke(name, payload string) *runner.Result {
	l.Helper()
	r, err := l.Invoke(l.Context(), runner.Invocation{Ref: function.Ref{Name: name}, Payload: []byte(payload), Tail: true})
	if err != nil {
		l.Fatalf("invoke %s with %s: %v", name, payload, err)
	}
	return r
}

// answers gives a function an event that it must answer so.
func (l *lab) answers(name, payload, want string) *runner.Result {
	l.Helper()
	r := l.invoke(name, payload)
	if r.Failed || string(r.Payload) != want {
		l.Errorf("%s was answered with %s, failed %v, want %s\n%s", payload, r.Payload, r.Failed, want, r.LogTail)
	}
	return r
}

// fails gives a function an event of which it must die so. In what is wanted,
// ID stands for the request's id.
func (l *lab) fails(name, payload, kind, want string) *runner.Result {
	l.Helper()
	r := l.invoke(name, payload)
	if got := masked(r, string(r.Payload)); !r.Failed || got != want || r.ErrorType != kind {
		l.Errorf("%s was answered with %s of type %q, failed %v\nwant %s of type %q\n%s", payload, got, r.ErrorType, r.Failed, want, kind, r.LogTail)
	}
	if r.ContentType != "application/json" {
		l.Errorf("the error's content type is %q", r.ContentType)
	}
	return r
}

// exits is the payload of a process that has ended.
func exits(words string) string {
	return `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited ` + words + `"}`
}

var (
	uuids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	numbers = regexp.MustCompile(`\d+(\.\d\d)? (ms|MB)`)
	instant = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ID`)
)

// masked has ID for the request's id.
func masked(r *runner.Result, s string) string { return strings.ReplaceAll(s, r.RequestID, "ID") }

// log is what an invocation has in the log, with N for what is different each
// time.
func log(r *runner.Result) string {
	s := numbers.ReplaceAllString(masked(r, string(r.LogTail)), "N $2")
	return instant.ReplaceAllString(s, "TIME ID")
}

// The lines of an invocation. What a function prints stands between the first
// two.
const (
	start     = "START RequestId: ID Version: $LATEST\n"
	end       = "END RequestId: ID\nREPORT RequestId: ID\tDuration: N ms\tBilled Duration: N ms\tMemory Size: N MB\tMax Memory Used: N MB\t"
	cold      = "Init Duration: N ms\t"
	timedOut  = "Status: timeout\t\n"
	exitError = "Status: error\tError Type: Runtime.ExitError\t\n"
)

func (l *lab) logs(r *runner.Result, want string) {
	l.Helper()
	if got := log(r); got != want {
		l.Errorf("the log is\n%q\nwant\n%q", got, want)
	}
}
