package trace

import (
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// decodeSpan reads a span as it came over the wire. That it can be read was
// checked on arrival.
func decodeSpan(raw []byte) *Span {
	var p tracepb.Span
	if proto.Unmarshal(raw, &p) != nil {
		return nil
	}
	s := &Span{
		ID:            SpanID(p.SpanId),
		Name:          p.Name,
		Kind:          kind(p.Kind),
		Start:         at(p.StartTimeUnixNano),
		End:           at(p.EndTimeUnixNano),
		Error:         p.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR,
		StatusMessage: p.Status.GetMessage(),
		Attributes:    attributes(p.Attributes),
	}
	copy(s.Parent[:], p.ParentSpanId)
	for _, e := range p.Events {
		s.Events = append(s.Events, Event{e.Name, at(e.TimeUnixNano), attributes(e.Attributes)})
	}
	for _, l := range p.Links {
		link := Link{Attributes: attributes(l.Attributes)}
		copy(link.TraceID[:], l.TraceId)
		copy(link.SpanID[:], l.SpanId)
		s.Links = append(s.Links, link)
	}
	return s
}

// kind turns SPAN_KIND_SERVER into server.
func kind(k tracepb.Span_SpanKind) string {
	return strings.ToLower(strings.TrimPrefix(k.String(), "SPAN_KIND_"))
}

func at(nanos uint64) time.Time { return time.Unix(0, int64(nanos)).UTC() }

func decodeResource(raw string) map[string]any {
	var r resourcepb.Resource
	if proto.Unmarshal([]byte(raw), &r) != nil {
		return nil
	}
	return attributes(r.Attributes)
}

func decodeScope(raw string) string {
	var s commonpb.InstrumentationScope
	if proto.Unmarshal([]byte(raw), &s) != nil {
		return ""
	}
	return s.Name
}

func attributes(kvs []*commonpb.KeyValue) map[string]any {
	if len(kvs) == 0 {
		return nil
	}
	m := make(map[string]any, len(kvs))
	for _, kv := range kvs {
		m[kv.Key] = value(kv.Value)
	}
	return m
}

func value(v *commonpb.AnyValue) any {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_BoolValue:
		return v.BoolValue
	case *commonpb.AnyValue_IntValue:
		return v.IntValue
	case *commonpb.AnyValue_DoubleValue:
		return v.DoubleValue
	case *commonpb.AnyValue_BytesValue:
		return v.BytesValue
	case *commonpb.AnyValue_ArrayValue:
		list := make([]any, 0, len(v.ArrayValue.GetValues()))
		for _, e := range v.ArrayValue.GetValues() {
			list = append(list, value(e))
		}
		return list
	case *commonpb.AnyValue_KvlistValue:
		return attributes(v.KvlistValue.GetValues())
	}
	return nil
}
