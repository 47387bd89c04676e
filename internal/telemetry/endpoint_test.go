package telemetry

import (
	"log/slog"
	"strings"
	"testing"
)

func TestEndpointsFollowTheSpecification(t *testing.T) {
	const base = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tests := map[string]struct {
		env  []string
		want Targets
	}{
		"nothing set": {},
		"a base": {
			env:  []string{base, "http://c:4318"},
			want: Targets{"http://c:4318/v1/traces", "http://c:4318/v1/metrics", "http://c:4318/v1/logs"},
		},
		"a base with a path": {
			env:  []string{base, "https://c/otlp/"},
			want: Targets{"https://c/otlp/v1/traces", "https://c/otlp/v1/metrics", "https://c/otlp/v1/logs"},
		},
		"a signal's own, used as it is": {
			env:  []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:1/in"},
			want: Targets{Traces: "http://c:1/in"},
		},
		"a signal switched off": {
			env:  []string{base, "http://c", "OTEL_METRICS_EXPORTER", "none", "OTEL_LOGS_EXPORTER", "none"},
			want: Targets{Traces: "http://c/v1/traces"},
		},
		"all switched off": {env: []string{base, "http://c", "OTEL_SDK_DISABLED", "true"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Endpoints(environment(tt.env...))
			if err != nil || got != tt.want {
				t.Errorf("Endpoints = %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	for _, tt := range []struct{ key, value, want string }{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT"},
		{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "ftp://x", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"},
		{"LOG_LEVEL", "loud", "LOG_LEVEL"},
	} {
		_, err := Start(t.Context(), Options{Getenv: environment(tt.key, tt.value)})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.value) {
			t.Errorf("%s=%s: err = %v, want both in it", tt.key, tt.value, err)
		}
	}
	_, err := Start(t.Context(), Options{Getenv: environment(
		"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")})
	if err == nil || !strings.Contains(err.Error(), "4318") {
		t.Errorf("grpc: err = %v, want advice", err)
	}
}
