package rpc

import (
	"encoding/json"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// serviceConfig is gRPC's service config for all services that are known: a
// method whose .proto file says that it is idempotent may be tried three times
// when a server was unavailable. As soon as more than a few calls fail nothing
// is retried, so that a service that struggles does not get three times the
// load. (https://github.com/grpc/proposal/blob/master/A6-client-retries.md)
func serviceConfig(files *protoregistry.Files) string {
	type name struct {
		Service string `json:"service"`
		Method  string `json:"method"`
	}
	var names []name
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				if m := s.Methods().Get(j); idempotent(m) {
					names = append(names, name{string(s.FullName()), string(m.Name())})
				}
			}
		}
		return true
	})
	config := map[string]any{"retryThrottling": map[string]any{"maxTokens": 10, "tokenRatio": 0.1}}
	if len(names) > 0 {
		config["methodConfig"] = []any{map[string]any{
			"name": names,
			"retryPolicy": map[string]any{
				"maxAttempts":          3,
				"initialBackoff":       "0.05s",
				"maxBackoff":           "0.5s",
				"backoffMultiplier":    2,
				"retryableStatusCodes": []string{"UNAVAILABLE"},
			},
		}}
	}
	text, _ := json.Marshal(config) // strings and numbers: cannot fail
	return string(text)
}

func idempotent(m protoreflect.MethodDescriptor) bool {
	o, _ := m.Options().(*descriptorpb.MethodOptions)
	return o.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
}
