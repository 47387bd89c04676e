package telemetry

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/trace"
)

// textSpans passes spans on as text: OTLP's strings are UTF-8, and one that is
// not, of a header that a stranger made up, would have the whole batch refused.
type textSpans struct{ trace.SpanExporter }

// ExportSpans implements trace.SpanExporter.
func (e textSpans) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	all := make([]trace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		all[i] = textSpan{s}
	}
	return e.SpanExporter.ExportSpans(ctx, all)
}

// textSpan is a span as text.
type textSpan struct{ trace.ReadOnlySpan }

// Name implements trace.ReadOnlySpan.
func (s textSpan) Name() string { return text(s.ReadOnlySpan.Name()) }

// Attributes implements trace.ReadOnlySpan.
func (s textSpan) Attributes() []attribute.KeyValue { return textPairs(s.ReadOnlySpan.Attributes()) }

// Status implements trace.ReadOnlySpan.
func (s textSpan) Status() trace.Status {
	status := s.ReadOnlySpan.Status()
	status.Description = text(status.Description)
	return status
}

// Events implements trace.ReadOnlySpan.
func (s textSpan) Events() []trace.Event {
	events := slices.Clone(s.ReadOnlySpan.Events())
	for i, e := range events {
		events[i].Name, events[i].Attributes = text(e.Name), textPairs(e.Attributes)
	}
	return events
}

// textLogs passes log lines on as text.
type textLogs struct{ log.Exporter }

// Export implements log.Exporter.
func (e textLogs) Export(ctx context.Context, records []log.Record) error {
	all := make([]log.Record, len(records))
	for i, r := range records {
		all[i] = r.Clone()
		all[i].SetBody(textValue(r.Body()))
		var pairs []attribute.KeyValue
		r.WalkAttributes(func(a attribute.KeyValue) bool {
			pairs = append(pairs, a)
			return true
		})
		all[i].SetAttributes(textPairs(pairs)...)
	}
	return e.Exporter.Export(ctx, all)
}

// text replaces what is not UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// textPairs returns pairs as text: themselves, nearly always.
func textPairs(pairs []attribute.KeyValue) []attribute.KeyValue {
	if !slices.ContainsFunc(pairs, garbledPair) {
		return pairs
	}
	pairs = slices.Clone(pairs)
	for i, a := range pairs {
		pairs[i] = attribute.KeyValue{Key: attribute.Key(text(string(a.Key))), Value: textValue(a.Value)}
	}
	return pairs
}

func garbledPair(a attribute.KeyValue) bool {
	return !utf8.ValidString(string(a.Key)) || garbled(a.Value)
}

func garbledString(s string) bool { return !utf8.ValidString(s) }

func garbled(v attribute.Value) bool {
	switch v.Type() {
	case attribute.STRING:
		return garbledString(v.AsString())
	case attribute.STRINGSLICE:
		return slices.ContainsFunc(v.AsStringSlice(), garbledString)
	case attribute.SLICE:
		return slices.ContainsFunc(v.AsSlice(), garbled)
	case attribute.MAP:
		return slices.ContainsFunc(v.AsMap(), garbledPair)
	}
	return false
}

func textValue(v attribute.Value) attribute.Value {
	switch v.Type() {
	case attribute.STRING:
		return attribute.StringValue(text(v.AsString()))
	case attribute.STRINGSLICE:
		return attribute.StringSliceValue(each(v.AsStringSlice(), text))
	case attribute.SLICE:
		return attribute.SliceValue(each(v.AsSlice(), textValue)...)
	case attribute.MAP:
		return attribute.MapValue(textPairs(v.AsMap())...)
	}
	return v
}

func each[T any](from []T, f func(T) T) []T {
	to := make([]T, len(from))
	for i, v := range from {
		to[i] = f(v)
	}
	return to
}
