package otlp

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"triptych/lab/trace"
)

var (
	id     = trace.ID{0xab, 15: 1}
	spanID = trace.SpanID{0xcd, 7: 2}
)

// twoSpans is a request of which the second span has no trace id.
func twoSpans(tb testing.TB) []byte {
	tb.Helper()
	b, err := proto.Marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{
			{TraceId: id[:], SpanId: spanID[:], Name: "good"},
			{SpanId: spanID[:], Name: "bad"},
		}}},
	}}})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

const jsonSpan = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"till"}}]},
	"scopeSpans":[{"spans":[{"traceId":"ab000000000000000000000000000001","spanId":"cd00000000000002","name":"sell","kind":2,
	"startTimeUnixNano":1800000000000000001,"endTimeUnixNano":"1800000000000000002","newerField":{"x":1}}]}]}]}`

func TestAnswersOverHTTP(t *testing.T) {
	good := twoSpans(t)
	tests := map[string]struct {
		body   []byte
		header []string
		status int
		says   string // in the Status
	}{
		"protobuf cut short":  {good[:len(good)-3], []string{"Content-Type", typeProtobuf}, 400, "malformed protobuf"},
		"JSON cut short":      {[]byte(jsonSpan[:50]), []string{"Content-Type", typeJSON}, 400, "malformed JSON"},
		"two JSON values":     {[]byte("{} {}"), []string{"Content-Type", typeJSON}, 400, "follows"},
		"ids not hexadecimal": {[]byte(strings.ReplaceAll(jsonSpan, "ab00", "xy00")), []string{"Content-Type", typeJSON}, 400, "hexadecimal"},
		"JSON of other types": {[]byte(`{"resourceSpans": 7}`), []string{"Content-Type", typeJSON}, 400, "malformed JSON"},
		"not gzip":            {good, []string{"Content-Type", typeProtobuf, "Content-Encoding", "gzip"}, 400, "malformed gzip"},
		"gzip cut short":      {compress(t, good)[:20], []string{"Content-Type", typeProtobuf, "Content-Encoding", "gzip"}, 400, "malformed gzip"},
		"a gzip bomb":         {compress(t, make([]byte, maxBody+1)), []string{"Content-Type", typeProtobuf, "Content-Encoding", "gzip"}, 413, "16 MiB"},
		"too large":           {make([]byte, maxBody+1), []string{"Content-Type", typeProtobuf}, 413, "16 MiB"},
		"unknown encoding":    {good, []string{"Content-Type", typeProtobuf, "Content-Encoding", "br"}, 415, "gzip"},
		"unknown type":        {good, []string{"Content-Type", "text/plain"}, 415, typeJSON},
		"no type":             {good, nil, 415, typeJSON},
	}
	r := serve(t, RelayTo{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, answer := send(t, r.URL()+"/v1/traces", tt.body, tt.header...)
			var got spb.Status
			unmarshal := proto.Unmarshal
			if resp.Header.Get("Content-Type") == typeJSON {
				unmarshal = protojson.Unmarshal
			}
			if err := unmarshal(answer, &got); err != nil {
				t.Fatalf("the answer is not a Status: %v", err)
			}
			if resp.StatusCode != tt.status || !strings.Contains(got.Message, tt.says) {
				t.Errorf("answer = %d %q, want %d with %q", resp.StatusCode, got.Message, tt.status, tt.says)
			}
		})
	}
	if n := r.Traces().Tally().Spans; n != 0 {
		t.Errorf("%d spans were kept of bodies that were refused", n)
	}
}

func TestAnswersAreOfTheTypeOfTheRequest(t *testing.T) {
	r := serve(t, RelayTo{})
	for _, path := range []string{"/v1/traces", "/v1/metrics", "/v1/logs"} {
		resp, answer := send(t, r.URL()+path, nil, "Content-Type", typeProtobuf)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != typeProtobuf || len(answer) != 0 {
			t.Errorf("%s: %d, %s, %q; want 200 and an empty message", path, resp.StatusCode, resp.Header.Get("Content-Type"), answer)
		}
		resp, answer = send(t, r.URL()+path, []byte("{}"), "Content-Type", typeJSON+"; charset=utf-8")
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != typeJSON || string(answer) != "{}" {
			t.Errorf("%s: %d, %s, %q; want 200 and {}", path, resp.StatusCode, resp.Header.Get("Content-Type"), answer)
		}
	}
}

func TestJSONIsReceived(t *testing.T) {
	r := serve(t, RelayTo{})
	if resp, answer := send(t, r.URL()+"/v1/traces", []byte(jsonSpan), "Content-Type", typeJSON); resp.StatusCode != 200 {
		t.Fatalf("answer = %d %s", resp.StatusCode, answer)
	}
	tr, ok := r.Traces().Get(id)
	if !ok || tr.Root().ID != spanID || tr.Root().Kind != "server" || tr.Root().Service != "till" || tr.Root().Duration() != 1 {
		t.Errorf("root = %+v, want the span that was sent", tr.Root())
	}
}

func TestSpansThatAreRefusedAreCounted(t *testing.T) {
	r := serve(t, RelayTo{})
	_, answer := send(t, r.URL()+"/v1/traces", twoSpans(t), "Content-Type", typeProtobuf)
	var got coltrace.ExportTraceServiceResponse
	if err := proto.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if got.PartialSuccess.GetRejectedSpans() != 1 || got.PartialSuccess.GetErrorMessage() == "" {
		t.Errorf("answer = %v, want one span rejected, and why", &got)
	}
	if tr, ok := r.Traces().Get(id); !ok || len(tr.Spans) != 1 {
		t.Error("the good span was not kept")
	}
}

func dial(tb testing.TB, r *Receiver) *grpc.ClientConn {
	tb.Helper()
	conn, err := grpc.NewClient(r.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

func exportOverGRPC(tb testing.TB, r *Receiver, body []byte) *coltrace.ExportTraceServiceResponse {
	tb.Helper()
	var request coltrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		tb.Fatal(err)
	}
	answer, err := coltrace.NewTraceServiceClient(dial(tb, r)).Export(tb.Context(), &request)
	if err != nil {
		tb.Fatal(err)
	}
	return answer
}

func TestAnswersOverGRPC(t *testing.T) {
	r := serve(t, RelayTo{})
	if answer := exportOverGRPC(t, r, twoSpans(t)); answer.PartialSuccess.GetRejectedSpans() != 1 {
		t.Errorf("answer = %v, want one span rejected", answer)
	}
	conn := dial(t, r)
	for path, client := range map[string]func() error{
		"metrics": func() error {
			_, err := colmetrics.NewMetricsServiceClient(conn).Export(t.Context(), &colmetrics.ExportMetricsServiceRequest{})
			return err
		},
		"logs": func() error {
			_, err := collogs.NewLogsServiceClient(conn).Export(t.Context(), &collogs.ExportLogsServiceRequest{})
			return err
		},
	} {
		if err := client(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	// Field 1 of a Span is its id, where a request has messages.
	err := conn.Invoke(t.Context(), coltrace.TraceService_Export_FullMethodName, &tracepb.Span{TraceId: []byte{0xff}},
		&coltrace.ExportTraceServiceResponse{})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("malformed: err = %v, want InvalidArgument", err)
	}
}

// FuzzReceive throws bodies at the HTTP handler: whatever comes, the answer is
// 200 or says that the request is bad, and what is kept can be looked at.
func FuzzReceive(f *testing.F) {
	f.Add("/v1/traces", typeProtobuf, "", twoSpans(f))
	f.Add("/v1/traces", typeJSON, "", []byte(jsonSpan))
	f.Add("/v1/traces", typeProtobuf, "gzip", compress(f, twoSpans(f)))
	f.Add("/v1/logs", typeJSON, "", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"","body":{"kvlistValue":{"values":[]}}}]}]}]}`))
	f.Add("/v1/metrics", typeProtobuf, "", []byte{0x0a, 0})
	r := &Receiver{store: trace.NewStore(trace.Limits{Spans: 1000}), relay: newRelay(RelayTo{})}
	h := r.handler()
	f.Fuzz(func(t *testing.T, path, kind, encoding string, body []byte) {
		req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		req.URL.Path = path
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code >= 500 {
			t.Fatalf("answer %d to %s %s %s %x", w.Code, path, kind, encoding, body)
		}
		for _, s := range r.store.List(trace.Query{Limit: 1}) {
			w = httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/traces/"+s.ID.String(), nil))
			if w.Code != 200 || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("the trace of %x cannot be shown: %d %s", body, w.Code, w.Body)
			}
		}
	})
}
