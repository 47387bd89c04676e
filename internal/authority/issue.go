package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Issue gives the service of that name a new key and a certificate for a day,
// and writes them with the authority's own certificate to dir: key.pem, cert.pem
// and ca.pem, each at once, so that who is reading finds the old or the new one.
// hosts are names that others may know it by, beside its own and localhost.
func (a *Authority) Issue(dir, name string, hosts ...string) error {
	if err := a.issue(dir, name, hosts); err != nil {
		return fmt.Errorf("issue a certificate to %s: %w", name, err)
	}
	return nil
}

func (a *Authority) issue(dir, name string, hosts []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf(name, hosts), a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := writeKey(filepath.Join(dir, keyFile), key); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, caFile), a.pem, 0o644); err != nil {
		return err
	}
	return write(filepath.Join(dir, certFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// leaf describes a certificate that proves a name to servers and to clients:
// every service is both.
func leaf(name string, hosts []string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		URIs:                  []*url.URL{id(name)}, // exactly one, as SPIFFE wants it
		DNSNames:              append([]string{name, "localhost"}, hosts...),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(leafLife),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// Due reports whether what was issued to dir should be issued again: half its
// life is over, it is another authority's, or it cannot be read.
func (a *Authority) Due(dir string) bool {
	_, cert, err := readCertificate(filepath.Join(dir, certFile))
	if err != nil || cert.CheckSignatureFrom(a.cert) != nil {
		return true
	}
	return time.Until(cert.NotAfter) < leafLife/2
}
