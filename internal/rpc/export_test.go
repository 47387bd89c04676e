package rpc

import (
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// What tests outside the package look at.
var (
	Code          = code
	Margin        = margin
	ServiceConfig = func() string { return serviceConfig(protoregistry.GlobalFiles) }
)

// Drain sets how long the calls of s may take after its end was asked for.
func (s *Server) Drain(d time.Duration) { s.drain = d }

// Credentials are a client's, for one that leaves out what Dial puts in.
func Credentials(id *Identity, name string) credentials.TransportCredentials {
	return newClientCredentials(id, name)
}
