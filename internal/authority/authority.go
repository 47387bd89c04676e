// Package authority is the certificate authority of a development machine: it
// gives every service a certificate with its name, so that services can prove to
// each other who they are. It is made at the first start, lives in a folder, and
// is trusted by nobody but the services.
//
// The names are SPIFFE IDs: spiffe://triptych/orders is the service orders.
// (https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md and
// X509-SVID.md beside it; certificates: RFC 5280)
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// trustDomain is whose names these are; package rpc believes no other.
const trustDomain = "triptych"

const (
	life     = 10 * 365 * 24 * time.Hour // of the authority
	leafLife = 24 * time.Hour            // of a certificate
	skew     = 5 * time.Minute           // by which clocks may differ
)

// Names of the files, here and wherever a certificate is issued to.
const (
	caFile    = "ca.pem"
	caKeyFile = "ca-key.pem"
	certFile  = "cert.pem"
	keyFile   = "key.pem"
)

// An Authority issues certificates.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte // of cert
}

// Open returns the authority in dir, and makes one when dir has none yet. Its
// key, ca-key.pem, stays there; ca.pem is what the services get to know.
func Open(dir string) (*Authority, error) {
	_, err := os.Stat(filepath.Join(dir, caFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = create(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("certificate authority in %s: %w", dir, err)
	}
	a, err := load(dir)
	if err != nil {
		return nil, fmt.Errorf("certificate authority in %s: %w: delete the folder, and the next start makes a new one", dir, err)
	}
	return a, nil
}

// create makes an authority. ca.pem is written last: without it, a start that
// was broken off is made again.
func create(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Triptych development authority"},
		URIs:                  []*url.URL{id("")},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(life),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true, // it certifies services, never another authority
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if err := writeKey(filepath.Join(dir, caKeyFile), key); err != nil {
		return err
	}
	return write(filepath.Join(dir, caFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func load(dir string) (*Authority, error) {
	text, cert, err := readCertificate(filepath.Join(dir, caFile))
	if err != nil {
		return nil, err
	}
	key, err := readKey(filepath.Join(dir, caKeyFile))
	switch {
	case err != nil:
		return nil, err
	case !key.PublicKey.Equal(cert.PublicKey):
		return nil, fmt.Errorf("%s is not the key of %s", caKeyFile, caFile)
	case time.Now().Add(leafLife).After(cert.NotAfter):
		return nil, fmt.Errorf("%s ends on %s", caFile, cert.NotAfter.Format(time.DateOnly))
	}
	return &Authority{cert: cert, key: key, pem: text}, nil
}

// id is the SPIFFE ID of a service; without a name, that of the authority.
func id(name string) *url.URL {
	u := &url.URL{Scheme: "spiffe", Host: trustDomain}
	if name != "" {
		u.Path = "/" + name
	}
	return u
}
