// Package token makes and checks the tokens of those who have signed in: JWT,
// EdDSA over Ed25519 (RFC 8037). Who checks needs the public key alone.
package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// The claims of a token that are the same in all of them, and how long one lasts.
const (
	issuer     = "triptych"
	audience   = "triptych-shop"
	life       = time.Hour
	maxTokens  = 10_000 // verified ones that are remembered
	clockSkews = 30 * time.Second
)

type claims struct {
	Role string `json:"role"`
	jwt.RegisteredClaims
}

// A Signer issues tokens.
type Signer struct{ key ed25519.PrivateKey }

// NewSigner returns a signer for a key made from a seed of 32 bytes.
func NewSigner(seed []byte) (Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return Signer{}, fmt.Errorf("a signing seed has %d bytes, this has %d", ed25519.SeedSize, len(seed))
	}
	return Signer{ed25519.NewKeyFromSeed(seed)}, nil
}

// Issue returns a token that says who its bearer is, and when it expires.
func (s Signer) Issue(subject uuid.UUID, role string, now time.Time) (token string, expires time.Time, err error) {
	expires = now.Add(life).UTC().Truncate(time.Second)
	token, err = jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{role, jwt.RegisteredClaims{
		Subject:   subject.String(),
		Issuer:    issuer,
		Audience:  jwt.ClaimStrings{audience},
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(expires),
	}}).SignedString(s.key)
	return token, expires, err
}

func (s Signer) public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }

// Public returns the public key in base64, of which another process makes what
// checks this signer's tokens.
func (s Signer) Public() string { return base64.StdEncoding.EncodeToString(s.public()) }

// Verifier returns what checks this signer's tokens.
func (s Signer) Verifier() Verifier { return newVerifier(s.public()) }

// A Verifier checks tokens. It remembers those it found good until they
// expire, because a signature costs more to check than an order to read.
type Verifier struct {
	key  ed25519.PublicKey
	seen *verified
}

// NewVerifier returns what checks the tokens of the signer with that public key.
func NewVerifier(public string) (Verifier, error) {
	key, err := base64.StdEncoding.DecodeString(public)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return Verifier{}, fmt.Errorf("a public key is %d bytes in base64, this is not", ed25519.PublicKeySize)
	}
	return newVerifier(key), nil
}

func newVerifier(key ed25519.PublicKey) Verifier {
	return Verifier{key: key, seen: &verified{bearers: map[string]bearer{}}}
}

type verified struct {
	sync.RWMutex
	bearers map[string]bearer
}

type bearer struct {
	subject uuid.UUID
	role    string
	expires time.Time
}

// Verify returns whom a token stands for.
func (v Verifier) Verify(token string) (subject uuid.UUID, role string, err error) {
	v.seen.RLock()
	b, ok := v.seen.bearers[token]
	v.seen.RUnlock()
	if ok && time.Now().Before(b.expires) {
		return b.subject, b.role, nil
	}
	if b, err = v.check(token); err != nil {
		return uuid.Nil, "", err
	}
	v.seen.Lock()
	defer v.seen.Unlock()
	if len(v.seen.bearers) >= maxTokens {
		clear(v.seen.bearers) // rare, and only costs checking again
	}
	v.seen.bearers[token] = b
	return b.subject, b.role, nil
}

func (v Verifier) check(token string) (bearer, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return v.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(clockSkews))
	if err != nil {
		return bearer{}, err
	}
	subject, err := uuid.Parse(c.Subject)
	return bearer{subject, c.Role, c.ExpiresAt.Time}, err
}
