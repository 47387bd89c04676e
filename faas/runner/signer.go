package runner

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"go.etcd.io/bbolt"

	"triptych/faas/function"
	"triptych/faas/instance"
)

var (
	settings   = []byte("settings")
	signingKey = []byte("signing-key")
)

// A signer gives each function an access key of its own, with which it signs
// its calls of the runner, so that the runner knows which function calls. They
// are made of the runner's own key, the name and the creation of the function,
// and so need not be kept. Changes and restarts leave them as they are; they end
// with the function.
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

func (s signer) credentials(name, creation string) instance.Credentials {
	// One that was made before creations were noted is its name alone.
	who := strings.TrimSuffix(name+":"+creation, ":")
	id := base32.StdEncoding.EncodeToString(s.sum("id", who))
	return instance.Credentials{
		AccessKey:    "ASIA" + id[:16],
		SecretKey:    base64.StdEncoding.EncodeToString(s.sum("secret", who))[:40],
		SessionToken: base64.RawStdEncoding.EncodeToString([]byte(who)),
	}
}

// Credentials are what a function signs its calls with.
func (r *Runner) Credentials(name string) instance.Credentials {
	creation := ""
	if f, err := r.Registry.Get(name); err == nil {
		creation = f.Latest.Creation
	}
	return r.signer.credentials(name, creation)
}

// A Caller is a function that has a key of the runner's. It may be no more: see
// whether the function of that name is of the same creation.
type Caller struct {
	Name, Creation string
	Secret         string // that it signs with
}

// Caller returns the function that an access key and its session token belong
// to; false when they are no function's, nor were.
func (r *Runner) Caller(accessKey, sessionToken string) (Caller, bool) {
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(sessionToken, "="))
	name, creation, _ := strings.Cut(string(decoded), ":")
	if err != nil || function.CheckName(name) != nil {
		return Caller{}, false
	}
	c := r.signer.credentials(name, creation)
	return Caller{name, creation, c.SecretKey}, hmac.Equal([]byte(c.AccessKey), []byte(accessKey))
}

// Seal returns a code that only this runner could make of a text, to recognise
// what it has given out: of 64 characters that need no escaping in a URL.
func (r *Runner) Seal(text string) string { return hex.EncodeToString(r.signer.sum("seal", text)) }

func (s signer) sum(what, name string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(what + "\x00" + name))
	return h.Sum(nil)
}
