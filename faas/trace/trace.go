// Package trace reads and writes X-Amzn-Trace-Id, the header in which Lambda
// hands on which trace a call belongs to and which functions it came by:
//
//	Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0|68fd508a:5
//
// The trace is OpenTelemetry's, written otherwise. The lineage is what stops a
// function that calls itself without end. Everything here is values; nothing is
// sent or kept.
//
// Source: AWS X-Ray Developer Guide, "Tracing header"; the lineage as Lambda's
// own headers have it.
package trace

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// Name is the header's name in HTTP.
const Name = "X-Amzn-Trace-Id"

// A Header is what X-Amzn-Trace-Id says. The zero Header says nothing.
type Header struct {
	Root    oteltrace.TraceID // zero when there is none
	Parent  oteltrace.SpanID  // the caller's span; zero when there is none
	Sampled bool
	Lineage Lineage
}

// New returns a header with a root of its own, made at now, and a parent; not
// sampled. It is for calls that belong to no trace: a function always sees one.
func New(now time.Time) Header {
	var h Header
	_, _ = rand.Read(h.Root[:]) // never fails
	_, _ = rand.Read(h.Parent[:])
	binary.BigEndian.PutUint32(h.Root[:4], uint32(now.Unix()))
	return h
}

// Parse reads a header. It takes what is right and leaves the rest, as a header
// of a stranger is no reason to refuse a call: a wrong Root is none, and fields
// it does not know (Self, of load balancers) are left out.
func Parse(s string) Header {
	var h Header
	for field := range strings.SplitSeq(s, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "root":
			h.Root = parseRoot(value)
		case "parent":
			h.Parent = parseParent(value)
		case "sampled":
			h.Sampled = value == "1"
		case "lineage":
			h.Lineage = parseLineage(value)
		}
	}
	return h
}

// parseRoot reads 1-8 hexadecimal digits-24 hexadecimal digits.
func parseRoot(s string) (id oteltrace.TraceID) {
	const seconds, random = 8, 24
	if len(s) != 2+seconds+1+random || s[:2] != "1-" || s[2+seconds] != '-' {
		return id
	}
	_, err := hex.Decode(id[:], []byte(s[2:2+seconds]+s[2+seconds+1:]))
	if err != nil {
		return oteltrace.TraceID{}
	}
	return id
}

func parseParent(s string) (id oteltrace.SpanID) {
	if len(s) != hex.EncodedLen(len(id)) {
		return id
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return oteltrace.SpanID{}
	}
	return id
}

// String writes the header; what is not known is left out. It is empty when
// nothing is known.
func (h Header) String() string {
	var fields []string
	if h.Root.IsValid() {
		fields = append(fields, "Root="+h.RootID())
	}
	if h.Parent.IsValid() {
		fields = append(fields, "Parent="+h.Parent.String())
	}
	if len(fields) > 0 {
		fields = append(fields, "Sampled="+digit(h.Sampled))
	}
	if len(h.Lineage) > 0 {
		fields = append(fields, "Lineage="+h.Lineage.String())
	}
	return strings.Join(fields, ";")
}

// RootID is the trace's id as AWS X-Ray writes it: 1-8 digits-24 digits.
func (h Header) RootID() string {
	root := h.Root.String()
	return "1-" + root[:8] + "-" + root[8:]
}

func digit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// SpanContext is the caller's span as OpenTelemetry has it, from elsewhere. It
// is not valid when the header has no root or no parent.
func (h Header) SpanContext() oteltrace.SpanContext {
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: h.Root, SpanID: h.Parent, TraceFlags: oteltrace.TraceFlags(0).WithSampled(h.Sampled), Remote: true})
}

// WithSpan returns the header with the trace and the span of sc, for what is
// called within that span; the lineage stays. A span that is not valid changes
// nothing.
func (h Header) WithSpan(sc oteltrace.SpanContext) Header {
	if sc.IsValid() {
		h.Root, h.Parent, h.Sampled = sc.TraceID(), sc.SpanID(), sc.IsSampled()
	}
	return h
}
