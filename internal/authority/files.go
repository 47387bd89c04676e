package authority

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

// write puts a file in place at once, by another name first.
func write(name string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it was renamed
	if err := fill(f, content, mode); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func fill(f *os.File, content []byte, mode os.FileMode) error {
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	return f.Sync()
}

func writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return write(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func readCertificate(name string) (text []byte, cert *x509.Certificate, err error) {
	text, der, err := readPEM(name, "CERTIFICATE")
	if err != nil {
		return nil, nil, err
	}
	cert, err = x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is no certificate: %w", filepath.Base(name), err)
	}
	return text, cert, nil
}

func readKey(name string) (*ecdsa.PrivateKey, error) {
	_, der, err := readPEM(name, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s is no private key: %w", filepath.Base(name), err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is a key of another kind than ECDSA", filepath.Base(name))
	}
	return ec, nil
}

func readPEM(name, kind string) (text, der []byte, err error) {
	text, err = os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, nil, fmt.Errorf("%s holds no PEM block %q", filepath.Base(name), kind)
	}
	return text, block.Bytes, nil
}
