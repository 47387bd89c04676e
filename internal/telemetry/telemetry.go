// Package telemetry sends what a process does (traces, metrics and logs) to an
// OTLP endpoint, when there is one, and never lets a request wait for it.
//
// It follows the OpenTelemetry environment variables. Without an endpoint
// nothing is exported and nothing runs in the background; requests still have
// trace ids, so that log lines and answers can be matched.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Options say who the process is and where its telemetry goes.
type Options struct {
	Service      string // service.name, unless OTEL_SERVICE_NAME says otherwise
	Version      string // service.version
	Architecture string // the attribute "arch", by which the comparison groups; may be empty

	// Getenv reads the environment; nil reads that of the process.
	Getenv func(string) string

	// Log is where log lines go besides OTLP; nil is standard error. A terminal
	// gets text, anything else JSON.
	Log io.Writer
}

// Start makes the process observable: it sets OpenTelemetry's global providers
// and propagator and slog's default logger. The returned function sends what is
// still waiting, stops the exporters, and fails only when ctx ends before that
// is done; a receiver that is down is not a failure.
func Start(ctx context.Context, o Options) (shutdown func(context.Context) error, err error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Log == nil {
		o.Log = os.Stderr
	}
	level, err := parseLevel(o.Getenv("LOG_LEVEL"))
	if err != nil {
		return nil, err
	}
	to, err := Endpoints(o.Getenv)
	if err != nil {
		return nil, err
	}
	local := localHandler(o.Log, level)
	e, err := newExport(ctx, o, to)
	if err != nil {
		return nil, err
	}

	// The local log only: what cannot be exported would be exported otherwise.
	seldom := &Seldom{Log: slog.New(local)}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { seldom.Warn("telemetry export failed", err) }))
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{}))
	otel.SetTracerProvider(e.tracers)
	if e.meters != nil {
		otel.SetMeterProvider(e.meters)
	}
	slog.SetDefault(slog.New(e.withLogs(local, level)))
	return e.shutdown, e.startRuntimeMetrics()
}

// describe returns the attributes that every span, metric and log line carries.
func describe(o Options) (*resource.Resource, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make an instance id: %w", err)
	}
	name := o.Service
	if s := o.Getenv("OTEL_SERVICE_NAME"); s != "" {
		name = s
	}
	attrs := []attribute.KeyValue{
		semconv.ServiceName(name),
		semconv.ServiceVersion(o.Version),
		semconv.ServiceInstanceID(id.String()),
	}
	if o.Architecture != "" {
		attrs = append(attrs, attribute.String("arch", o.Architecture))
	}
	return resource.NewWithAttributes(semconv.SchemaURL, attrs...), nil
}

// silentTracers hands out trace ids and records nothing.
func silentTracers() *trace.TracerProvider {
	return trace.NewTracerProvider(trace.WithSampler(trace.NeverSample()))
}

// shutdown runs the providers' own shutdowns side by side, as each may have to
// wait for a slow receiver. Each gives up when ctx ends.
func (e *export) shutdown(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, stop := range e.stops {
		wg.Go(func() {
			if err := stop(ctx); err != nil && ctx.Err() == nil {
				otel.Handle(err)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("flush telemetry: %w", context.Cause(ctx))
	}
	return nil
}
