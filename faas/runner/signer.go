package runner

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"strings"

	"go.etcd.io/bbolt"

	"triptych/faas/instance"
)

var (
	settings   = []byte("settings")
	signingKey = []byte("signing-key")
)

// A signer gives each function an access key of its own, with which it signs
// its calls of the runner, so that the runner knows which function calls. They
// are made of the runner's own key and the name, and so need not be kept.
type signer struct{ key []byte }

// newSigner reads the runner's key, made at its first start.
func newSigner(db *bbolt.DB) (signer, error) {
	var s signer
	err := db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(settings)
		if err != nil {
			return err
		}
		if s.key = append([]byte(nil), b.Get(signingKey)...); len(s.key) > 0 {
			return nil
		}
		s.key = make([]byte, 32)
		_, _ = rand.Read(s.key) // never fails
		return b.Put(signingKey, s.key)
	})
	return s, err
}

func (s signer) credentials(function string) instance.Credentials {
	id := base32.StdEncoding.EncodeToString(s.sum("id", function))
	return instance.Credentials{
		AccessKey:    "ASIA" + id[:16],
		SecretKey:    base64.StdEncoding.EncodeToString(s.sum("secret", function))[:40],
		SessionToken: strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(function)), "="),
	}
}

func (s signer) sum(what, function string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(what + "\x00" + function))
	return h.Sum(nil)
}
