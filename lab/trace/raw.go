package trace

import (
	"encoding/binary"
	"iter"
	"slices"
	"unique"

	"google.golang.org/protobuf/encoding/protowire"

	"triptych/lab/wire"
)

// An origin is the process and the library that spans come from, as encoded.
// Most spans share one of a few, which the handle keeps once.
type origin = unique.Handle[originKey]

type originKey struct{ resource, scope string }

// A rawSpan is an encoded Span.
type rawSpan []byte

// scopes walks the ScopeSpans of a request, each with its origin.
func scopes(request []byte) iter.Seq2[origin, []byte] {
	return func(yield func(origin, []byte) bool) {
		for num, resourceSpans := range wire.Fields(request) {
			if num != 1 {
				continue
			}
			resource := string(first(resourceSpans, 1))
			for num, scopeSpans := range wire.Fields(resourceSpans) {
				if num != 2 {
					continue
				}
				from := unique.Make(originKey{resource, string(first(scopeSpans, 1))})
				if !yield(from, scopeSpans) {
					return
				}
			}
		}
	}
}

// spansOf walks the spans of a ScopeSpans.
func spansOf(scopeSpans []byte) iter.Seq[rawSpan] {
	return func(yield func(rawSpan) bool) {
		for num, b := range wire.Fields(scopeSpans) {
			if num == 2 && !yield(b) {
				return
			}
		}
	}
}

func first(b []byte, number protowire.Number) []byte {
	for num, v := range wire.Fields(b) {
		if num == number {
			return v
		}
	}
	return nil
}

// check returns the span's trace, or what is wrong with its ids.
func (r rawSpan) check() (id ID, wrong string) {
	var span SpanID
	var lengths struct{ trace, span, parent int }
	for num, v := range wire.Fields(r) {
		switch num {
		case 1:
			lengths.trace = len(v)
			copy(id[:], v)
		case 2:
			lengths.span = len(v)
			copy(span[:], v)
		case 4:
			lengths.parent = len(v)
		}
	}
	switch {
	case lengths.trace != len(id) || !id.IsValid():
		return id, "a trace_id is not 16 bytes, or is all zero"
	case lengths.span != len(span) || !span.IsValid():
		return id, "a span_id is not 8 bytes, or is all zero"
	case lengths.parent != 0 && lengths.parent != len(span):
		return id, "a parent_span_id is not 8 bytes"
	}
	return id, ""
}

// An entry is a trace as it is kept: its spans one after another in one buffer,
// which the garbage collector need not look into.
type entry struct {
	id      ID
	origins []origin
	buf     []byte // for each span: which origin, how long, and itself
	count   int
	dropped int
	fixed   int64    // size but for the buffer's
	summary *Summary // as it was last asked for, or nil
}

// overhead is about what an entry, its map slot, its place in the queue and its
// summary take.
const overhead = 512

// size is what the entry is counted as; shared origins are counted in each, so
// it is more than what is used.
func (e *entry) size() int64 { return overhead + e.fixed + int64(cap(e.buf)) }

func (e *entry) add(from origin, span rawSpan) {
	e.buf = binary.AppendUvarint(e.buf, uint64(e.origin(from)))
	e.buf = binary.AppendUvarint(e.buf, uint64(len(span)))
	e.buf = append(e.buf, span...)
	e.count++
}

// origin returns the place of an origin in e.origins. It looks among the newest
// only: a hostile trace with thousands must not cost their square.
func (e *entry) origin(o origin) int {
	for i := len(e.origins) - 1; i >= max(0, len(e.origins)-16); i-- {
		if e.origins[i] == o {
			return i
		}
	}
	e.origins = append(e.origins, o)
	k := o.Value()
	e.fixed += int64(len(k.resource)+len(k.scope)) + 64
	return len(e.origins) - 1
}

// A view is an entry at a moment. Entries only ever grow at their ends, so it
// may be read while more arrives.
type view struct {
	id      ID
	origins []origin
	buf     []byte
	count   int
	dropped int
}

func (e *entry) view() view {
	return view{e.id, e.origins[:len(e.origins):len(e.origins)], e.buf[:len(e.buf):len(e.buf)], e.count, e.dropped}
}

// decode puts the trace together.
func (v view) decode() Trace {
	from := make([]struct {
		resource map[string]any
		scope    string
	}, len(v.origins))
	for i, o := range v.origins {
		from[i].resource, from[i].scope = decodeResource(o.Value().resource), decodeScope(o.Value().scope)
	}
	spans := make([]*Span, 0, v.count)
	for b := v.buf; len(b) > 0; {
		o, n := binary.Uvarint(b)
		size, m := binary.Uvarint(b[n:])
		b = b[n+m:]
		if s := decodeSpan(b[:size]); s != nil {
			s.Resource, s.Scope = from[o].resource, from[o].scope
			s.Service = service(s.Resource)
			spans = append(spans, s)
		}
		b = b[size:]
	}
	t := build(v.id, slices.Clip(spans))
	t.Dropped = v.dropped
	return t
}

func service(resource map[string]any) string {
	if s, ok := resource["service.name"].(string); ok {
		return s
	}
	return "unknown"
}
