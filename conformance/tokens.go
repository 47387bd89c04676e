package conformance

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"time"
)

// forgedBearers makes tokens that the shop did not give, from one that it did.
func forgedBearers(t *try) map[string]string {
	good := t.buyer(0).Token
	segments := strings.Split(good, ".")
	claims := part(t, good, 1)
	promoted := maps.Clone(claims)
	promoted["role"] = "manager"
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	t.must(err)
	bySomebody := func(head, body map[string]any) string {
		text := segment(head) + "." + segment(body)
		return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(stranger, []byte(text)))
	}
	head := part(t, good, 0)
	expired := maps.Clone(claims)
	expired["exp"] = time.Now().Add(-time.Minute).Unix()
	withoutEnd := maps.Clone(claims)
	delete(withoutEnd, "exp")
	none := maps.Clone(head)
	none["alg"] = "none"
	symmetric := maps.Clone(head)
	symmetric["alg"] = "HS256"
	other := "A"
	if strings.HasPrefix(segments[2], other) {
		other = "B"
	}
	mac := hmac.New(sha256.New, nil)
	mac.Write([]byte(segment(symmetric) + "." + segment(promoted)))
	return map[string]string{
		"signed by somebody else":            bySomebody(head, claims),
		"signed by somebody else, a manager": bySomebody(head, promoted),
		"expired, signed by somebody else":   bySomebody(head, expired),
		"without an end":                     bySomebody(head, withoutEnd),
		"promoted under the old signature":   segments[0] + "." + segment(promoted) + "." + segments[2],
		"unsigned":                           segment(none) + "." + segment(promoted) + ".",
		"unsigned, under the old signature":  segment(none) + "." + segment(promoted) + "." + segments[2],
		"signed with an empty shared secret": segment(symmetric) + "." + segment(promoted) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)),
		"of another signature":               segments[0] + "." + segments[1] + "." + other + segments[2][1:],
		"without a signature":                segments[0] + "." + segments[1] + ".",
		"cut short":                          segments[0] + "." + segments[1],
		"continued":                          good + ".x",
		"not a token":                        "nonsense",
	}
}

// segment encodes a part of a JWT.
func segment(part map[string]any) string {
	raw, _ := json.Marshal(part) // it came from JSON
	return base64.RawURLEncoding.EncodeToString(raw)
}
