package otlp

import "strings"

// Env returns the environment for a program that is to report here: environ
// without what would send its telemetry elsewhere or nowhere, as that is the
// relay's part, and without a service name, which several programs would share.
func (r *Receiver) Env(environ []string) []string {
	var out []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(name, "OTEL_EXPORTER_OTLP_"), name == "OTEL_SDK_DISABLED", name == "OTEL_SERVICE_NAME",
			name == "OTEL_TRACES_EXPORTER", name == "OTEL_METRICS_EXPORTER", name == "OTEL_LOGS_EXPORTER":
			continue
		}
		out = append(out, kv)
	}
	return append(out, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.URL())
}
