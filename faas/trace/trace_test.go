package trace_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	oteltrace "go.opentelemetry.io/otel/trace"

	"triptych/faas/trace"
)

var (
	root   = oteltrace.TraceID{0x57, 0x59, 0xe9, 0x88, 0xbd, 0x86, 0x2e, 0x3f, 0xe1, 0xbe, 0x46, 0xa9, 0x94, 0x27, 0x27, 0x93}
	parent = oteltrace.SpanID{0x53, 0x99, 0x5c, 0x3f, 0x42, 0xcd, 0x8a, 0xd8}
)

const whole = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

func TestParse(t *testing.T) {
	known := trace.Header{Root: root, Parent: parent, Sampled: true}
	steps := trace.Lineage{{"a87bd80c", 0}, {"68fd508a", 5}}
	lineage := known
	lineage.Lineage = steps
	for _, c := range []struct {
		name, in string
		want     trace.Header
		out      string // when it is not in
	}{
		{"nothing", "", trace.Header{}, ""},
		{"whole", whole, known, ""},
		{"another order and spaces", " sampled=1; PARENT=53995c3f42cd8ad8 ;Root= 1-5759e988-bd862e3fe1be46a994272793", known, whole},
		{"lineage", whole + ";Lineage=1:a87bd80c:0|68fd508a:5", lineage, ""},
		{"lineage of old", whole + ";lineage=a87bd80c:0,68fd508a:5", lineage, whole + ";Lineage=1:a87bd80c:0|68fd508a:5"},
		{"broken steps", whole + ";Lineage=1:a87bd80c:0|xyz:1|68fd508a:-2|68fd508a|68fd508a:5|", lineage, whole + ";Lineage=1:a87bd80c:0|68fd508a:5"},
		{"only a lineage", "Lineage=1:a87bd80c:0|68fd508a:5", trace.Header{Lineage: steps}, ""},
		{"a load balancer's", "Self=1-67891234-12456789abcdef012345678;" + whole + ";CalledFrom=app", known, whole},
		{"only a root", "Root=1-5759e988-bd862e3fe1be46a994272793", trace.Header{Root: root}, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"},
		{"asked to be sampled", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=?", trace.Header{Root: root}, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"},
		{"a root that is too long", "Root=1-5759e988-bd862e3fe1be46a9942727930;Sampled=1", trace.Header{Sampled: true}, "-"},
		{"a root of another version", "Root=2-5759e988-bd862e3fe1be46a994272793", trace.Header{}, "-"},
		{"a root in letters", "Root=1-5759e988-bd862e3fe1be46a99427279z", trace.Header{}, "-"},
		{"a parent that is too short", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53;Sampled=0", trace.Header{Root: root}, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"},
		{"rubbish", ";;=;a;\x00=\xff", trace.Header{}, "-"},
	} {
		got := trace.Parse(c.in)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		want := c.in
		if c.out != "" {
			want = strings.TrimPrefix(c.out, "-")
		}
		if s := got.String(); s != want {
			t.Errorf("%s is written %q, not %q", c.name, s, want)
		}
	}
}

func TestATraceIsTheSameInBothForms(t *testing.T) {
	sc := oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: root, SpanID: parent, TraceFlags: oteltrace.FlagsSampled, Remote: true})
	h := trace.Parse("Root=1-00000001-000000000000000000000002;Parent=0000000000000003;Sampled=0;Lineage=1:a87bd80c:3").WithSpan(sc)
	if want := whole + ";Lineage=1:a87bd80c:3"; h.String() != want {
		t.Errorf("got %s, want %s", h, want)
	}
	if got := h.SpanContext(); !got.Equal(sc) {
		t.Errorf("got %v, want %v", got, sc)
	}
	if got := h.WithSpan(oteltrace.SpanContext{}); got.Root != root {
		t.Errorf("a span that is none gave %s", got)
	}
	if trace.Parse("Root=1-5759e988-bd862e3fe1be46a994272793").SpanContext().IsValid() {
		t.Error("a header without a parent is a valid span")
	}
}

func TestANewTraceBeginsNow(t *testing.T) {
	now := time.Unix(0x6a000000, 0)
	a, b := trace.New(now), trace.New(now)
	if !strings.HasPrefix(a.String(), "Root=1-6a000000-") || !a.SpanContext().IsValid() || a.Root == b.Root || a.Sampled {
		t.Errorf("got %s and %s", a, b)
	}
}

// The header passes through text at every hop, as it does through a function.
func TestTheSeventeenthRunInALineageIsStopped(t *testing.T) {
	h := whole
	for i := range trace.MaxHops {
		for _, name := range []string{"ping", "pong"} {
			next, ok := trace.Parse(h).Hop(name)
			if !ok {
				t.Fatalf("%s was stopped at its run %d", name, i+1)
			}
			h = next.String()
		}
	}
	if _, ok := trace.Parse(h).Hop("other"); !ok {
		t.Error("a function that had not run was stopped")
	}
	next, ok := trace.Parse(h).Hop("ping")
	if ok {
		t.Errorf("run 17 was not stopped: %s", h)
	}
	if again, _ := next.Hop("ping"); again.Lineage[0].Again != trace.MaxHops+1 {
		t.Errorf("a function that may go on is counted %v", again.Lineage)
	}
}

func TestAHopLeavesTheHeaderItCameFrom(t *testing.T) {
	first, _ := trace.Parse(whole).Hop("ping")
	was := first.String()
	_, _ = first.Hop("ping")
	_, _ = first.Hop("pong")
	if first.String() != was {
		t.Errorf("%s became %s", was, first)
	}
}

func TestALineageStaysShortAndALoopOfManyIsStillStopped(t *testing.T) {
	h, stopped := trace.Parse(whole), false
	for i := 0; i < 100*(trace.MaxHops+1) && !stopped; i++ {
		next, ok := h.Hop(fmt.Sprintf("f%d", i%100))
		h, stopped = trace.Parse(next.String()), !ok
	}
	if !stopped {
		t.Error("a loop of 100 functions was not stopped")
	}
	if n := len(h.String()); n > 1000 {
		t.Errorf("the header has %d bytes", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole + ";Lineage=1:a87bd80c:0|68fd508a:5")
	f.Add("Root=;Parent=;Sampled=;Lineage=1:1:1")
	f.Fuzz(func(t *testing.T, s string) {
		h := trace.Parse(s)
		again := trace.Parse(h.String())
		if !h.Root.IsValid() && !h.Parent.IsValid() {
			h.Sampled = false // it is not written without a trace
		}
		if diff := cmp.Diff(h, again); diff != "" {
			t.Errorf("read again (-first +again):\n%s", diff)
		}
	})
}
