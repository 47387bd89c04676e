package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// The queues hold a second or two of a busy process; what does not fit is
// dropped. Each has a variable of its own in OpenTelemetry's standard, which
// wins.
const (
	queueSize       = 2048 // spans, about 2 MB when full
	batchSize       = 512
	logQueueSize    = 512 // 600 bytes each, also when it is empty
	logBatchSize    = 128
	batchDelay      = time.Second
	metricInterval  = 10 * time.Second
	sendTimeout     = 5 * time.Second // one request to the receiver
	exportTimeout   = 10 * time.Second
	retryFirst      = 500 * time.Millisecond
	retryLongest    = 2 * time.Second
	retryAltogether = 5 * time.Second
)

// export is what runs while telemetry is sent somewhere. Providers of signals
// that go nowhere are nil, but for the tracers.
type export struct {
	tracers *trace.TracerProvider
	meters  *metric.MeterProvider
	loggers *log.LoggerProvider
	service string

	stops []func(context.Context) error
}

func newExport(ctx context.Context, o Options, to Targets) (*export, error) {
	e := &export{tracers: silentTracers(), service: o.Service}
	if to == (Targets{}) {
		return e, nil
	}
	res, err := describe(o)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		to  string
		add func(context.Context, Options, string, *resource.Resource) error
	}{
		{to.Traces, e.addTraces}, {to.Metrics, e.addMetrics}, {to.Logs, e.addLogs},
	} {
		if s.to == "" {
			continue
		}
		if err := s.add(ctx, o, s.to, res); err != nil {
			return nil, fmt.Errorf("export to %s: %w", s.to, err)
		}
	}
	return e, nil
}

func (e *export) addTraces(ctx context.Context, o Options, to string, res *resource.Resource) error {
	x, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to), otlptracehttp.WithTimeout(sendTimeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true,
			InitialInterval: retryFirst, MaxInterval: retryLongest, MaxElapsedTime: retryAltogether}))
	if err != nil {
		return err
	}
	opts := []trace.BatchSpanProcessorOption{trace.WithExportTimeout(exportTimeout)}
	if o.Getenv("OTEL_BSP_SCHEDULE_DELAY") == "" {
		opts = append(opts, trace.WithBatchTimeout(batchDelay))
	}
	e.tracers = trace.NewTracerProvider(trace.WithResource(res), trace.WithBatcher(textSpans{x}, opts...))
	e.stops = append(e.stops, e.tracers.Shutdown)
	return nil
}

func (e *export) addMetrics(ctx context.Context, o Options, to string, res *resource.Resource) error {
	x, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(to), otlpmetrichttp.WithTimeout(sendTimeout),
		otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{Enabled: true,
			InitialInterval: retryFirst, MaxInterval: retryLongest, MaxElapsedTime: retryAltogether}))
	if err != nil {
		return err
	}
	opts := []metric.PeriodicReaderOption{metric.WithTimeout(exportTimeout)}
	if o.Getenv("OTEL_METRIC_EXPORT_INTERVAL") == "" {
		opts = append(opts, metric.WithInterval(metricInterval))
	}
	e.meters = metric.NewMeterProvider(metric.WithResource(res), metric.WithView(withoutHosts),
		metric.WithReader(metric.NewPeriodicReader(x, opts...)))
	e.stops = append(e.stops, e.meters.Shutdown)
	return nil
}

// withoutHosts leaves out of a server's metrics whom requests are addressed to,
// which strangers choose: as much as they like, and what is no text.
// (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server)
var withoutHosts = metric.NewView(metric.Instrument{Name: "http.server.*"},
	metric.Stream{AttributeFilter: attribute.NewDenyKeysFilter("server.address", "server.port")})

func (e *export) addLogs(ctx context.Context, o Options, to string, res *resource.Resource) error {
	x, err := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(to), otlploghttp.WithTimeout(sendTimeout),
		otlploghttp.WithRetry(otlploghttp.RetryConfig{Enabled: true,
			InitialInterval: retryFirst, MaxInterval: retryLongest, MaxElapsedTime: retryAltogether}))
	if err != nil {
		return err
	}
	opts := []log.BatchProcessorOption{log.WithExportTimeout(exportTimeout)}
	if o.Getenv("OTEL_BLRP_MAX_QUEUE_SIZE") == "" {
		opts = append(opts, log.WithMaxQueueSize(logQueueSize))
	}
	if o.Getenv("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE") == "" {
		opts = append(opts, log.WithExportMaxBatchSize(logBatchSize))
	}
	e.loggers = log.NewLoggerProvider(log.WithResource(res), log.WithProcessor(log.NewBatchProcessor(textLogs{x}, opts...)))
	e.stops = append(e.stops, e.loggers.Shutdown)
	return nil
}

// withLogs returns a handler that writes to local and, if logs are exported, to
// the receiver as well.
func (e *export) withLogs(local slog.Handler, level slog.Level) slog.Handler {
	if e.loggers == nil {
		return local
	}
	remote := otelslog.NewHandler(e.service, otelslog.WithLoggerProvider(e.loggers))
	return slog.NewMultiHandler(local, atLeast{remote, level})
}

func (e *export) startRuntimeMetrics() error {
	if e.meters == nil {
		return nil
	}
	return runtime.Start(runtime.WithMeterProvider(e.meters))
}
