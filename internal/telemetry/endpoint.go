package telemetry

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Targets are the URLs that each signal is posted to; an empty one is off.
type Targets struct{ Traces, Metrics, Logs string }

// Endpoints works out from the environment where each signal goes, as the
// specification of the OTLP exporter has it: a signal's own variable is used as
// it is, the common one is a base.
func Endpoints(getenv func(string) string) (Targets, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return Targets{}, nil
	}
	var t Targets
	for _, s := range []struct {
		name, path string
		to         *string
	}{
		{"TRACES", "v1/traces", &t.Traces},
		{"METRICS", "v1/metrics", &t.Metrics},
		{"LOGS", "v1/logs", &t.Logs},
	} {
		if getenv("OTEL_"+s.name+"_EXPORTER") == "none" {
			continue
		}
		u, err := endpoint(getenv, s.name, s.path)
		if err != nil {
			return Targets{}, err
		}
		*s.to = u
	}
	return t, nil
}

func endpoint(getenv func(string) string, signal, path string) (string, error) {
	name := "OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT"
	raw, own := getenv(name), true
	if raw == "" {
		name = "OTEL_EXPORTER_OTLP_ENDPOINT"
		raw, own = getenv(name), false
	}
	if raw == "" {
		return "", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fmt.Errorf("%s is %q: want a URL such as http://localhost:4318", name, raw)
	}
	if getenv("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc" {
		return "", errGRPC
	}
	if own {
		return raw, nil
	}
	return u.JoinPath(path).String(), nil
}

var errGRPC = errors.New("OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and this program sends OTLP over HTTP only: " +
	"set it to http/protobuf and the endpoint to the receiver's HTTP port (as a rule 4318)")
