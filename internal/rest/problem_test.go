package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"triptych/domain/fault"
)

// answer has Problem answer with err and returns that, and what was logged.
func answer(t *testing.T, r *http.Request, err error, translate func(error) error) (*http.Response, map[string]any, string) {
	t.Helper()
	log := captureLog(t)
	w := httptest.NewRecorder()
	Problem(w, r, err, translate)
	var body map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
	}
	return w.Result(), body, log.String()
}

// captureLog diverts the program's log for the rest of the test.
func captureLog(t *testing.T) *bytes.Buffer {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &log
}

func TestAProblemSaysWhatIsWrong(t *testing.T) {
	var c fault.Checker
	c.Check(false, "/lines/0/quantity", "must be 1 to 99, is 0")
	r := httptest.NewRequest("POST", "/v1/a%20b?secret=1", nil)
	res, body, log := answer(t, r, fmt.Errorf("place: %w", c.Err()), nil)
	want := map[string]any{
		"type": "about:blank", "title": "Unprocessable Entity", "status": 422.0, "code": "invalid",
		"detail": "/lines/0/quantity: must be 1 to 99, is 0", "instance": "/v1/a%20b",
		"errors": []any{map[string]any{"pointer": "/lines/0/quantity", "detail": "must be 1 to 99, is 0"}},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
	h := res.Header
	if res.StatusCode != 422 || h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" ||
		h.Get("Content-Length") == "" || h.Get("Retry-After") != "" || h.Get("WWW-Authenticate") != "" {
		t.Errorf("got %d with %v", res.StatusCode, h)
	}
	if log != "" {
		t.Errorf("the client's fault is logged: %s", log)
	}
}

// TestWhatIsInvalidIsPointedAt has a rule broken by no single field.
func TestWhatIsInvalidIsPointedAt(t *testing.T) {
	f := fault.New(fault.Invalid, "invalid", "the timesheet is empty")
	_, body, _ := answer(t, httptest.NewRequest("POST", "/", nil), f, nil)
	want := []any{map[string]any{"pointer": "", "detail": "the timesheet is empty"}}
	if diff := cmp.Diff(want, body["errors"]); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestEveryKindHasAStatus(t *testing.T) {
	kinds := kinds(t)
	if len(kinds) < 12 || len(status) != len(kinds) {
		t.Errorf("%d kinds, %d statuses", len(kinds), len(status))
	}
	for i, name := range kinds {
		f := fault.New(fault.Kind(i), "code", "detail")
		res, body, _ := answer(t, httptest.NewRequest("GET", "/", nil), f, nil)
		if res.StatusCode < 400 || body["status"] != float64(res.StatusCode) || body["title"] == "" || body["code"] != "code" {
			t.Errorf("%s: got %d, %v", name, res.StatusCode, body)
		}
	}
}

// kinds reads the names of the kinds of faults from where they are declared,
// so that a new one cannot be left out here.
func kinds(t *testing.T) (names []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../domain/fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, spec := range d.Specs {
				names = append(names, spec.(*ast.ValueSpec).Names[0].Name)
			}
		}
	}
	return names
}

func TestWhoIsNotKnownIsToldHowToSay(t *testing.T) {
	res, _, _ := answer(t, httptest.NewRequest("GET", "/", nil), fault.New(fault.Unauthenticated, "unauthenticated", "sign in"), nil)
	if res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("got %d, %v", res.StatusCode, res.Header)
	}
}

func TestNothingOfAnInternalCauseIsTold(t *testing.T) {
	cause := fmt.Errorf("read orders: %w", errors.New(`pq: relation "orders_secret" does not exist`))
	r := httptest.NewRequest("GET", "/v1/orders", nil)
	r.Pattern = "GET /v1/orders"
	res, body, log := answer(t, r, cause, nil)
	if text := fmt.Sprint(body, res.Header); res.StatusCode != 500 || body["code"] != "internal" || strings.Contains(text, "secret") || strings.Contains(text, "read orders") {
		t.Errorf("got %d, %s", res.StatusCode, text)
	}
	if !strings.Contains(log, "orders_secret") || !strings.Contains(log, "GET /v1/orders") || strings.Count(log, "\n") != 1 {
		t.Errorf("the log says %q", log)
	}
}

func TestADriversErrorIsTranslatedFirst(t *testing.T) {
	translate := func(err error) error {
		return errors.Join(fault.New(fault.Unavailable, "unavailable", "away").After(time.Second), err)
	}
	res, body, log := answer(t, httptest.NewRequest("GET", "/", nil), errors.New("dial 10.0.0.1"), translate)
	if res.StatusCode != 503 || body["detail"] != "away" || log != "" {
		t.Errorf("got %d, %v, and logged %q", res.StatusCode, body, log)
	}
}

func TestRetryAfterIsRoundedUpToSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "", 1: "1", time.Millisecond: "1", time.Second: "1", time.Second + 1: "2", 1500 * time.Millisecond: "2", time.Minute: "60",
	} {
		res, _, _ := answer(t, httptest.NewRequest("GET", "/", nil), fault.New(fault.TooMany, "too_many_attempts", "wait").After(d), nil)
		if got := res.Header.Get("Retry-After"); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestADetailThatIsNoTextIsStillAnswered(t *testing.T) {
	res, body, _ := answer(t, httptest.NewRequest("GET", "/", nil), fault.New(fault.NotFound, "not_found", "no \xff"), nil)
	if body["detail"] != "no \ufffd" || res.Header.Get("Content-Length") == "0" {
		t.Errorf("got %v", body)
	}
}

// That a client hung up is neither logged nor counted as an error of ours. When
// something else went wrong meanwhile, it is.
func TestNobodyIsThereToRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	if res, _, log := answer(t, r, fmt.Errorf("query: %w", context.Canceled), nil); res.StatusCode != 500 || log == "" {
		t.Errorf("while the client is there: got %d, %q", res.StatusCode, log)
	}
	cancel()
	if res, _, log := answer(t, r, fmt.Errorf("query: %w", context.Canceled), nil); res.StatusCode != 499 || log != "" {
		t.Errorf("when it is gone: got %d, %q", res.StatusCode, log)
	}
	if res, _, log := answer(t, r, errors.New("books do not balance"), nil); res.StatusCode != 500 || log == "" {
		t.Errorf("another error: got %d, %q", res.StatusCode, log)
	}
	if res, _, _ := answer(t, r, fault.New(fault.NotFound, "not_found", "no"), nil); res.StatusCode != 404 {
		t.Errorf("a fault: got %d", res.StatusCode)
	}
}

func TestAPanicIsAnErrorWithItsStack(t *testing.T) {
	for _, p := range []any{"out of tea", errors.New("out of tea"), []string{"out of tea"}} {
		h := Recover(func(http.ResponseWriter, *http.Request) error { panic(p) })
		err := h(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		if err == nil || !strings.Contains(err.Error(), "out of tea") || !strings.Contains(err.Error(), "problem_test.go") {
			t.Errorf("got %v", err)
		}
		if f := fault.From(err); f.Kind != fault.Internal || strings.Contains(f.Detail, "tea") {
			t.Errorf("the client is told %+v", f)
		}
	}
}

func TestHangingUpOnPurposeIsLeftAlone(t *testing.T) {
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("got %v", p)
		}
	}()
	h := Recover(func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) })
	_ = h(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

func TestAnErrorPassesRecover(t *testing.T) {
	want := errors.New("plain")
	h := Recover(func(http.ResponseWriter, *http.Request) error { return want })
	if err := h(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)); err != want {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerNamesItsTrace(t *testing.T) {
	name := func(sc trace.SpanContext) string {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(trace.ContextWithSpanContext(t.Context(), sc), "GET", "/", nil)
		TraceID(http.NotFoundHandler()).ServeHTTP(w, r)
		return w.Header().Get("Trace-Id")
	}
	id := trace.TraceID{1, 2, 3}
	if got := name(trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}})); got != id.String() {
		t.Errorf("got %q, want %q", got, id)
	}
	one, two := name(trace.SpanContext{}), name(trace.SpanContext{})
	if len(one) != 32 || one == two || strings.Trim(one, "0") == "" {
		t.Errorf("answers that are not traced have the ids %q and %q", one, two)
	}
}

func TestJSONAnswers(t *testing.T) {
	w := httptest.NewRecorder()
	if err := JSON(w, http.StatusCreated, map[string]string{"name": "<té>"}); err != nil {
		t.Fatal(err)
	}
	if body := w.Body.String(); w.Code != 201 || body != `{"name":"<té>"}` || w.Header().Get("Content-Type") != "application/json" ||
		w.Header().Get("Content-Length") != strconv.Itoa(len(body)) {
		t.Errorf("got %d, %s, %v", w.Code, body, w.Header())
	}
	w = httptest.NewRecorder()
	if err := JSON(w, http.StatusOK, map[string]string{"name": "\xff"}); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("what is no JSON: got %v, and wrote %q", err, w.Body)
	}
}
