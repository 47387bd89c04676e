package rpc_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"triptych/internal/authority"
	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/waittest"
)

func TestWhoIsRefused(t *testing.T) {
	var calls atomic.Int32
	f := start(t, echo{unary: func(context.Context, string) (string, error) {
		calls.Add(1)
		return "", nil
	}}, rpc.Options{})
	other := newAuthority(t)
	trusting := &tls.Config{RootCAs: pool(t, f.authority), ServerName: "stock"}
	for _, c := range []struct {
		who  string
		with credentials.TransportCredentials
		want string // in the error, when it is the client that sees it
	}{
		{"the gateway", rpc.Credentials(rpctest.Identity(t, f.authority, "gateway"), "stock"), ""},
		{"who asks for another service", rpc.Credentials(rpctest.Identity(t, f.authority, "gateway"), "orders"), "not orders"},
		{"who asks for a host, not a service", rpc.Credentials(rpctest.Identity(t, f.authority, "gateway"), "localhost"), "the server is stock, not localhost"},
		{"a service of another authority", rpc.Credentials(rpctest.Identity(t, other, "gateway"), "stock"), "certificate signed by unknown authority"},
		{"who has no certificate", credentials.NewTLS(trusting), "rpc error"},
		{"who has one of another authority", withCertificate(t, trusting, other, "gateway"), "rpc error"},
		{"who has one without a name", withCertificate(t, trusting, f.authority, ""), "rpc error"},
		{"who speaks an old TLS", oldTLS(withConfig(t, trusting, f.authority, "gateway")), "protocol version"},
		{"who speaks no TLS", insecure.NewCredentials(), "rpc error"},
	} {
		t.Run(c.who, func(t *testing.T) {
			calls.Store(0)
			conn := f.dial(t, grpc.WithTransportCredentials(c.with))
			_, err := call(t.Context(), conn, "Once", "")
			if c.want == "" {
				if err != nil || calls.Load() != 1 {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if calls.Load() > 0 {
				t.Error("the call was made")
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !rpc.Unknown(err) {
				t.Errorf("got %v, want one about %q", err, c.want)
			}
		})
	}
}

// pool trusts an authority.
func pool(t *testing.T, a *authority.Authority) *x509.CertPool {
	t.Helper()
	dir := t.TempDir()
	if err := a.Issue(dir, "anybody"); err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(ca)
	return p
}

// withConfig is c with a certificate that is shown to every server.
func withConfig(t *testing.T, c *tls.Config, a *authority.Authority, name string) *tls.Config {
	t.Helper()
	dir := t.TempDir()
	if err := a.Issue(dir, name); err != nil {
		t.Fatal(err)
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	c = c.Clone()
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	return c
}

func withCertificate(t *testing.T, c *tls.Config, a *authority.Authority, name string) credentials.TransportCredentials {
	t.Helper()
	return credentials.NewTLS(withConfig(t, c, a, name))
}

func oldTLS(c *tls.Config) credentials.TransportCredentials {
	c.MaxVersion = tls.VersionTLS12
	return credentials.NewTLS(c)
}

// serial is the number of the certificate that a server shows.
func serial(t *testing.T, f *fixture) string {
	t.Helper()
	conn, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := tls.Client(conn, withConfig(t, &tls.Config{RootCAs: pool(t, f.authority), ServerName: "stock", NextProtos: []string{"h2"}}, f.authority, "gateway"))
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func TestARenewedCertificateIsUsed(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	if err := a.Issue(dir, "stock"); err != nil {
		t.Fatal(err)
	}
	id, err := rpc.LoadIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{authority: a, server: rpc.NewServer(id, rpc.Options{}), result: make(chan error, 1)}
	f.serve(t, listen(t, "127.0.0.1:0"))
	first := serial(t, f)

	// One that is half written is not, and the old one serves on.
	log := captureLog(t)
	cert := filepath.Join(dir, "cert.pem")
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cert, text[:len(text)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the broken certificate is told of", func() bool {
		if got := serial(t, f); got != first {
			t.Fatalf("certificate %s, want still %s", got, first)
		}
		return log.count("the new certificate is not used") > 0
	})
	if err := a.Issue(dir, "orders"); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "another's certificate is told of", func() bool {
		if got := serial(t, f); got != first {
			t.Fatalf("certificate %s, want still %s", got, first)
		}
		return log.count("it is of orders, not of stock") > 0
	})
	if err := a.Issue(dir, "stock"); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the new certificate is used", func() bool { return serial(t, f) != first })
}

// When the authority was made anew, everybody gets a new certificate, and
// nobody has to be restarted.
func TestANewAuthorityIsTrusted(t *testing.T) {
	a := newAuthority(t)
	dirs := map[string]string{"stock": t.TempDir(), "gateway": t.TempDir()}
	ids := map[string]*rpc.Identity{}
	issue := func(a *authority.Authority) {
		for name, dir := range dirs {
			if err := a.Issue(dir, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	issue(a)
	for name, dir := range dirs {
		id, err := rpc.LoadIdentity(dir)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = id
	}
	f := &fixture{authority: a, server: rpc.NewServer(ids["stock"], rpc.Options{}), result: make(chan error, 1)}
	f.serve(t, listen(t, "127.0.0.1:0"))
	if err := rpc.Health(t.Context(), connect(t, ids["gateway"], "stock", f.addr)); err != nil {
		t.Fatal(err)
	}
	b := newAuthority(t)
	issue(b)
	late := rpctest.Identity(t, b, "orders")
	waittest.Until(t, "a service of the new authority is served", func() bool {
		c, err := rpc.Dial(late, "stock", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return rpc.Health(t.Context(), c) == nil
	})
	if err := rpc.Health(t.Context(), connect(t, ids["gateway"], "stock", f.addr)); err != nil {
		t.Errorf("the gateway, with its new certificate: %v", err)
	}
}

func TestAnIdentityThatIsNoneIsOneSentence(t *testing.T) {
	a := newAuthority(t)
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"no folder": {os.RemoveAll, "ca.pem: no such file"},
		"no certificate in ca.pem": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("hello"), 0o600)
		}, "ca.pem holds no certificate"},
		"another's key": {func(dir string) error {
			other := t.TempDir()
			if err := a.Issue(other, "stock"); err != nil {
				return err
			}
			return os.Rename(filepath.Join(other, "key.pem"), filepath.Join(dir, "key.pem"))
		}, "private key does not match"},
		"no name": {func(dir string) error { return a.Issue(dir, "") }, "is no service of triptych"},
	} {
		dir := t.TempDir()
		if err := a.Issue(dir, "stock"); err != nil {
			t.Fatal(err)
		}
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		_, err := rpc.LoadIdentity(dir)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

func TestAnIdentityKnowsItsName(t *testing.T) {
	if got := rpctest.Identity(t, newAuthority(t), "stock").Name(); got != "stock" {
		t.Errorf("name %q, want stock", got)
	}
}
