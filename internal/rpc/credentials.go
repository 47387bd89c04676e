package rpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// serverCredentials are of a server that talks to nobody without a certificate
// of the authority.
func serverCredentials(id *Identity) credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			m := id.current()
			return &tls.Config{
				MinVersion:             tls.VersionTLS13,
				Certificates:           []tls.Certificate{m.cert},
				ClientAuth:             tls.RequireAndVerifyClientCert,
				ClientCAs:              m.pool,
				SessionTicketsDisabled: true, // every connection is verified anew
			}, nil
		},
	})
}

// clientCredentials are of a client that talks to the service name alone.
type clientCredentials struct {
	credentials.TransportCredentials // what gRPC asks about them; not used for handshakes

	id   *Identity
	name string
}

func newClientCredentials(id *Identity, name string) *clientCredentials {
	about := credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS13, ServerName: name})
	return &clientCredentials{about, id, name}
}

// ClientHandshake proves who we are with the certificate of now, and has the
// server prove that it is the service: by the standard library's verification,
// as the name is a DNS name of its certificate, and by the SPIFFE ID.
func (c *clientCredentials) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	m := c.id.current()
	tlsConfig := &tls.Config{
		MinVersion:   tls.VersionTLS13,
		ServerName:   c.name,
		RootCAs:      m.pool,
		Certificates: []tls.Certificate{m.cert},
		VerifyConnection: func(s tls.ConnectionState) error {
			name, err := serviceName(s.PeerCertificates[0])
			if err == nil && name != c.name {
				err = fmt.Errorf("the server is %s, not %s", name, c.name)
			}
			return err
		},
	}
	return credentials.NewTLS(tlsConfig).ClientHandshake(ctx, authority, conn)
}

// Clone returns itself: it is never changed.
func (c *clientCredentials) Clone() credentials.TransportCredentials { return c }

// caller is the service that makes the call with this context.
func caller(ctx context.Context) (string, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return "", errors.New("there is no caller")
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return "", errors.New("the caller has no certificate")
	}
	return serviceName(info.State.PeerCertificates[0])
}
