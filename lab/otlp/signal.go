package otlp

import (
	"fmt"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"triptych/lab/trace"
	"triptych/lab/wire"
)

// A signal is one of the three things that OTLP carries.
type signal struct {
	path    string // under which HTTP requests come
	service string // of gRPC
	request func() proto.Message
	schema  *wire.Schema
	keep    func(s *trace.Store, body []byte) proto.Message // and returns the answer
}

// signals are those there are. Metrics and logs are checked and passed on, but
// not kept: nothing here shows them yet.
var signals = []signal{
	{
		path:    "/v1/traces",
		service: "opentelemetry.proto.collector.trace.v1.TraceService",
		request: func() proto.Message { return &coltrace.ExportTraceServiceRequest{} },
		schema:  wire.SchemaOf(&coltrace.ExportTraceServiceRequest{}),
		keep:    keepTraces,
	},
	{
		path:    "/v1/metrics",
		service: "opentelemetry.proto.collector.metrics.v1.MetricsService",
		request: func() proto.Message { return &colmetrics.ExportMetricsServiceRequest{} },
		schema:  wire.SchemaOf(&colmetrics.ExportMetricsServiceRequest{}),
		keep:    func(*trace.Store, []byte) proto.Message { return &colmetrics.ExportMetricsServiceResponse{} },
	},
	{
		path:    "/v1/logs",
		service: "opentelemetry.proto.collector.logs.v1.LogsService",
		request: func() proto.Message { return &collogs.ExportLogsServiceRequest{} },
		schema:  wire.SchemaOf(&collogs.ExportLogsServiceRequest{}),
		keep:    func(*trace.Store, []byte) proto.Message { return &collogs.ExportLogsServiceResponse{} },
	},
}

// keepTraces stores spans. As the specification has it, partial_success is
// absent when everything was taken, and what was refused must not be sent again.
func keepTraces(s *trace.Store, body []byte) proto.Message {
	refused, reason := s.Add(body)
	if refused == 0 {
		return &coltrace.ExportTraceServiceResponse{}
	}
	return &coltrace.ExportTraceServiceResponse{PartialSuccess: &coltrace.ExportTracePartialSuccess{
		RejectedSpans: int64(refused), ErrorMessage: reason}}
}

// receive takes a request in protobuf. Its error says what is malformed.
func (r *Receiver) receive(s signal, body []byte) (proto.Message, error) {
	if err := s.schema.Check(body); err != nil {
		return nil, fmt.Errorf("malformed protobuf: %w", err)
	}
	return s.keep(r.store, body), nil
}
