package rpc

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// trustDomain is whose names are believed: spiffe://triptych/orders is orders.
const trustDomain = "triptych"

// lookAgain is how often, at most, the files are looked at for new ones.
const lookAgain = time.Second

// An Identity is who a process is to others: a certificate of the development
// authority with its name, and the authority that it trusts.
type Identity struct {
	dir  string
	name string

	mu     sync.Mutex
	held   *material
	state  string // of the files when they were last read
	looked time.Time
}

// material is what the files of an identity say.
type material struct {
	name string
	cert tls.Certificate
	pool *x509.CertPool
}

// LoadIdentity reads ca.pem, cert.pem and key.pem of a folder. What is renewed
// there later is used from then on.
func LoadIdentity(dir string) (*Identity, error) {
	id := &Identity{dir: dir}
	m, state, err := id.read()
	if err != nil {
		return nil, fmt.Errorf("identity in %s: %w", dir, err)
	}
	id.name, id.held, id.state, id.looked = m.name, m, state, time.Now()
	return id, nil
}

// Name is the service that the certificate says it is.
func (id *Identity) Name() string { return id.name }

// current returns what is to be used for a handshake now. New files that cannot
// be used, perhaps because they are just being written, leave the old in use.
func (id *Identity) current() *material {
	id.mu.Lock()
	defer id.mu.Unlock()
	if time.Since(id.looked) < lookAgain {
		return id.held
	}
	id.looked = time.Now()
	if id.fileState() == id.state {
		return id.held
	}
	m, state, err := id.read()
	if err == nil && m.name != id.name {
		err = fmt.Errorf("it is of %s, not of %s", m.name, id.name)
	}
	if err != nil {
		slog.Warn("the new certificate is not used", "dir", id.dir, "err", err)
		return id.held
	}
	id.held, id.state = m, state
	return m
}

// fileState changes when one of the files does.
func (id *Identity) fileState() string {
	var b strings.Builder
	for _, name := range []string{"ca.pem", "cert.pem", "key.pem"} {
		if info, err := os.Stat(filepath.Join(id.dir, name)); err == nil {
			fmt.Fprint(&b, info.ModTime().UnixNano(), " ", info.Size(), " ")
		}
	}
	return b.String()
}

func (id *Identity) read() (*material, string, error) {
	state := id.fileState() // before the files: a later change is seen next time
	ca, err := os.ReadFile(filepath.Join(id.dir, "ca.pem"))
	if err != nil {
		return nil, "", err
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(id.dir, "cert.pem"), filepath.Join(id.dir, "key.pem"))
	if err != nil {
		return nil, "", err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, "", errors.New("ca.pem holds no certificate")
	}
	name, err := serviceName(cert.Leaf)
	if err != nil {
		return nil, "", fmt.Errorf("cert.pem: %w", err)
	}
	return &material{name: name, cert: cert, pool: pool}, state, nil
}

// serviceName is the name in a certificate's SPIFFE ID, of which there must be
// exactly one.
// (https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md#2-spiffe-id)
func serviceName(cert *x509.Certificate) (string, error) {
	if len(cert.URIs) != 1 {
		return "", fmt.Errorf("the certificate has %d names, not one", len(cert.URIs))
	}
	u := cert.URIs[0]
	name, ok := strings.CutPrefix(u.Path, "/")
	if u.Scheme != "spiffe" || u.Host != trustDomain || !ok || name == "" {
		return "", fmt.Errorf("%s is no service of %s", u, trustDomain)
	}
	return name, nil
}
