package authority

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, dir string) *Authority {
	t.Helper()
	a, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *Authority, name string, hosts ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "tls")
	if err := a.Issue(dir, name, hosts...); err != nil {
		t.Fatal(err)
	}
	return dir
}

// leafOf reads what was issued, as whoever uses it does.
func leafOf(t *testing.T, dir string) (leaf *x509.Certificate, roots *x509.CertPool) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("ca.pem holds no certificate")
	}
	return pair.Leaf, roots
}

func TestAServiceProvesItsName(t *testing.T) {
	leaf, roots := leafOf(t, issue(t, open(t, t.TempDir()), "orders", "orders.example"))
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != "spiffe://triptych/orders" {
		t.Errorf("its SPIFFE ID is %v", leaf.URIs)
	}
	for _, name := range []string{"orders", "orders.example", "localhost", "127.0.0.1"} {
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			_, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}})
			if err != nil {
				t.Errorf("as %s, for usage %d: %v", name, usage, err)
			}
		}
	}
	if err := leaf.VerifyHostname("stock"); err == nil {
		t.Error("it proves the name stock")
	}
	if leaf.IsCA || leaf.KeyUsage&x509.KeyUsageCertSign != 0 {
		t.Error("it could issue certificates itself")
	}
}

func TestTheAuthorityStaysTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	before := issue(t, open(t, dir), "orders")
	leaf, _ := leafOf(t, before)
	_, roots := leafOf(t, issue(t, open(t, dir), "stock"))
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		t.Errorf("after it was opened again: %v", err)
	}
	_, others := leafOf(t, issue(t, open(t, t.TempDir()), "stock"))
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: others}); err == nil {
		t.Error("another authority's certificate is believed")
	}
}

func TestKeysAreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	service := issue(t, open(t, dir), "orders")
	got := map[string]os.FileMode{}
	for _, d := range []string{dir, service} {
		entries, err := os.ReadDir(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			got[e.Name()] = info.Mode()
		}
	}
	want := map[string]os.FileMode{"ca.pem": 0o644, "ca-key.pem": 0o600, "cert.pem": 0o644, "key.pem": 0o600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestACertificateIsRenewedAtHalfItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		home := t.TempDir()
		a := open(t, home)
		dir := issue(t, a, "orders")
		verify := func() error {
			leaf, roots := leafOf(t, dir)
			_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: time.Now()})
			return err
		}
		if a.Due(dir) {
			t.Error("a new one is due")
		}
		time.Sleep(11 * time.Hour)
		if a.Due(dir) {
			t.Error("it is due after 11 hours")
		}
		time.Sleep(2 * time.Hour)
		if !a.Due(dir) {
			t.Error("it is not due after 13 hours")
		}
		if err := verify(); err != nil {
			t.Errorf("after 13 hours: %v", err)
		}
		time.Sleep(12 * time.Hour)
		if verify() == nil {
			t.Error("after 25 hours it is still good")
		}
		if err := a.Issue(dir, "orders"); err != nil {
			t.Fatal(err)
		}
		if err := verify(); err != nil || a.Due(dir) {
			t.Errorf("the renewed one: %v, due %t", err, a.Due(dir))
		}
		if !open(t, t.TempDir()).Due(dir) {
			t.Error("another authority's is not due")
		}

		time.Sleep(life) // of the authority
		_, err := Open(home)
		if err == nil || !strings.Contains(err.Error(), "ca.pem ends on ") || !strings.HasSuffix(err.Error(), ": delete the folder, and the next start makes a new one") {
			t.Errorf("an authority that is too old: %v", err)
		}
	})
}

func TestOfClocksThatDifferALittle(t *testing.T) {
	leaf, roots := leafOf(t, issue(t, open(t, t.TempDir()), "orders"))
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: time.Now().Add(-4 * time.Minute)}); err != nil {
		t.Errorf("where it is four minutes earlier: %v", err)
	}
}

func TestNothingIssuedIsDue(t *testing.T) {
	if !open(t, t.TempDir()).Due(t.TempDir()) {
		t.Error("an empty folder is not due")
	}
}

func TestAnAuthorityThatCannotBeReadIsOneSentence(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"ca.pem", "hello", `ca.pem holds no PEM block "CERTIFICATE"`},
		{"ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ca.pem is no certificate"},
		{"ca-key.pem", "", `ca-key.pem holds no PEM block "PRIVATE KEY"`},
		{"ca-key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "ca-key.pem is no private key"},
	} {
		dir := t.TempDir()
		open(t, dir)
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s is %q: error %v, want %s", c.file, c.text, err, c.want)
		}
	}
	dir, other := t.TempDir(), t.TempDir()
	open(t, dir)
	open(t, other)
	if err := os.Rename(filepath.Join(other, "ca-key.pem"), filepath.Join(dir, "ca-key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "ca-key.pem is not the key of ca.pem") {
		t.Errorf("with another's key: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "ca-key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "ca-key.pem: no such file") {
		t.Errorf("without a key: %v", err)
	}
}

// A start that ended between the two files is made again.
func TestAHalfMadeAuthorityIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	issue(t, open(t, dir), "orders")
}

func TestAFolderThatCannotBeMadeIsOneSentence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(file, "authority")); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("authority: %v", err)
	}
	err := open(t, t.TempDir()).Issue(filepath.Join(file, "orders"), "orders")
	if err == nil || !strings.HasPrefix(err.Error(), "issue a certificate to orders: ") {
		t.Errorf("certificate: %v", err)
	}
}
