package waterfall

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"triptych/lab/trace"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// A step is a span of a test's trace: its parent's number (0 is none), when it
// starts and how long it takes in microseconds.
type step struct {
	parent     int
	service    string
	name       string
	from, took int
	sql        string
	err        string
	links      []*tracepb.Span_Link
}

func ids(n int) (traceID trace.ID, spanID trace.SpanID) {
	traceID = trace.ID{0x4b, 0xf9, 0x2f, 0x35}
	binary.BigEndian.PutUint64(spanID[:], uint64(n))
	return traceID, spanID
}

// makeTrace sends the steps through a store; the first is number 1.
func makeTrace(tb testing.TB, steps ...step) trace.Trace {
	tb.Helper()
	store := trace.NewStore(trace.Limits{Spans: 1 << 20, Bytes: 1 << 30})
	var id trace.ID
	var request coltrace.ExportTraceServiceRequest
	for i, s := range steps {
		var span, parent trace.SpanID
		id, span = ids(i + 1)
		_, parent = ids(s.parent)
		start := noon.Add(time.Duration(s.from) * time.Microsecond)
		p := &tracepb.Span{TraceId: id[:], SpanId: span[:], Name: s.name, Links: s.links,
			StartTimeUnixNano: uint64(start.UnixNano()),
			EndTimeUnixNano:   uint64(start.Add(time.Duration(s.took) * time.Microsecond).UnixNano())}
		if s.parent != 0 {
			p.ParentSpanId = parent[:]
		}
		if s.sql != "" {
			p.Attributes = []*commonpb.KeyValue{text("db.query.text", s.sql)}
		}
		if s.err != "" {
			p.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: s.err}
		}
		request.ResourceSpans = append(request.ResourceSpans, &tracepb.ResourceSpans{
			Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", s.service)}},
			ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{p}}}})
	}
	b, err := proto.Marshal(&request)
	if err != nil {
		tb.Fatal(err)
	}
	if n, why := store.Add(b); n > 0 {
		tb.Fatal(why)
	}
	t, _ := store.Get(id)
	return t
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

// order is an order in the monolith.
func order() []step {
	return []step{
		{0, "monolith", "POST /v1/orders", 0, 14200, "", "", nil},
		{1, "monolith", "payment.authorise", 310, 1240, "", "", nil},
		{1, "monolith", "BEGIN", 1700, 90, "begin", "", nil},
		{1, "monolith", "SELECT", 1850, 480, `SELECT sku, price FROM shop."products" WHERE sku = ANY($1) ORDER BY sku FOR UPDATE`, "", nil},
		{1, "monolith", "UPDATE", 2400, 610, "UPDATE products SET stock = stock - $2\nWHERE sku = $1 AND stock >= $2 RETURNING price", "", nil},
		{1, "monolith", "INSERT", 3100, 520, "-- the order itself\nINSERT INTO orders(id, account) VALUES ($1, $2)", "", nil},
		{1, "monolith", "COMMIT", 3700, 9800, "commit", "", nil},
	}
}

// saga is an order that crosses services, one of whose clocks is slow, and fails.
func saga() []step {
	other := trace.ID{0xaa, 15: 1}
	at := trace.SpanID{7: 9}
	_, root := ids(1)
	self, _ := ids(1)
	return []step{
		{0, "gateway", "POST /v1/orders", 0, 52000, "", "", nil},
		{1, "orders", "orders.v1.Orders/Place", 2000, 46000, "", "", nil},
		{2, "stock", "stock.v1.Stock/Reserve", -3000, 9000, "", "", nil},
		{3, "stock", "UPDATE", -1000, 3000, "update stock set n = n - 1", "", nil},
		{2, "payments", "payments.v1.Payments/Capture", 21000, 12000, "", "card declined by its bank", nil},
		{2, "orders", "orders.settled send", 41000, 3000, "", "", nil},
		{6, "notifications", "orders.settled process", 58000, 4100, "", "", []*tracepb.Span_Link{{TraceId: self[:], SpanId: root[:]}, {TraceId: other[:], SpanId: at[:]}}},
		{77, "stock", "stock.v1.Stock/Release", 38000, 2000, "", "", nil},
	}
}

func many() []step {
	steps := []step{{0, "monolith", "POST /v1/payroll/runs", 0, 900_000, "", "", nil}}
	for i := range 50 {
		steps = append(steps, step{1, "monolith", "SELECT", 1000 + i*1000, 700, "select * from employees where id = $1", "", nil})
	}
	for i := range 20 {
		at := 60_000 + i*20_000
		chunk := len(steps) + 1
		steps = append(steps, step{1, "monolith", "payroll.chunk", at, 18_000, "", "", nil})
		for j := range 10 + i {
			steps = append(steps, step{chunk, "monolith", "INSERT", at + 500 + j*500, 300, "insert into payslips values ($1)", "", nil})
		}
	}
	for i := range 30 {
		at := 500_000 + i*10_000
		steps = append(steps, step{1, "monolith", "SELECT", at, 2000, "select 1 from rates", "", nil},
			step{1, "monolith", "UPDATE", at + 3000, 4000, "update runs set done = $1", "", nil})
	}
	return append(steps, step{1, "monolith", "COMMIT", 880_000, 19_000, "commit", "disk full", nil})
}

func odd() []step {
	return []step{
		{0, "till", "zero\x1b[31m\r\nduration\u202e", 0, 0, "", "", nil},
		{1, "till", "also zero", 0, 0, "", "", nil},
		{1, "till", "", 0, 0, "", "", nil},
		{1, "till", "日本語の名前がとても長いので切られる、かならず、きっと、たぶん", 0, 0, "", "", nil},
	}
}

func deep() []step {
	steps := []step{{0, "till", "level", 0, 100_000, "", "", nil}}
	for i := range 40 {
		steps = append(steps, step{i + 1, "till", fmt.Sprintf("level %d", i+1), (i + 1) * 1000, 100_000 - 2000*(i+1), "", "", nil})
	}
	return steps
}

func TestGolden(t *testing.T) {
	tests := []struct {
		name  string
		steps []step
		width int
		color bool
	}{
		{"order", order(), 80, false},
		{"order-120", order(), 120, false},
		{"order-color", order(), 80, true},
		{"saga", saga(), 80, false},
		{"saga-120", saga(), 120, false},
		{"saga-color", saga(), 100, true},
		{"many", many(), 80, false},
		{"odd", odd(), 80, false},
		{"deep", deep(), 80, false},
		{"one", order()[:1], 80, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := Write(&got, makeTrace(t, tt.steps...), tt.width, tt.color); err != nil {
				t.Fatal(err)
			}
			if !tt.color {
				fits(t, got.String(), tt.width)
			}
			file := filepath.Join("testdata", tt.name+".txt")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("drawing (-want +got), go test -update to accept:\n%s", diff)
			}
		})
	}
}

// fits checks that no line is wider than it may be, nor steers the terminal.
func fits(t *testing.T, s string, width int) {
	t.Helper()
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if n := columns(line); n > width {
			t.Errorf("%d columns, want at most %d: %s", n, width, line)
		}
		if strings.ContainsAny(line, "\x1b\r\t\u202e") {
			t.Errorf("a name steers the terminal: %q", line)
		}
	}
}
