package api

import (
	"crypto/ed25519"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"triptych/domain/account"
)

// The claims of a token that are the same in all of them, and how long one lasts.
const (
	issuer     = "triptych"
	audience   = "triptych-shop"
	tokenLife  = time.Hour
	maxTokens  = 10_000 // verified ones that are remembered
	clockSkews = 30 * time.Second
)

type claims struct {
	Role account.Role `json:"role"`
	jwt.RegisteredClaims
}

// A Signer issues the tokens of signed-in accounts: JWT, EdDSA over Ed25519
// (RFC 8037).
type Signer struct{ key ed25519.PrivateKey }

// NewSigner returns a signer for a key made from a seed of 32 bytes.
func NewSigner(seed []byte) (Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return Signer{}, fmt.Errorf("a signing seed has %d bytes, this has %d", ed25519.SeedSize, len(seed))
	}
	return Signer{ed25519.NewKeyFromSeed(seed)}, nil
}

// Issue returns a token for an account, and when it expires.
func (s Signer) Issue(a account.Account, now time.Time) (token string, expires time.Time, err error) {
	expires = now.Add(tokenLife).UTC().Truncate(time.Second)
	token, err = jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{a.Role, jwt.RegisteredClaims{
		Subject:   a.ID.String(),
		Issuer:    issuer,
		Audience:  jwt.ClaimStrings{audience},
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(expires),
	}}).SignedString(s.key)
	return token, expires, err
}

// Verifier returns what checks this signer's tokens.
func (s Signer) Verifier() Verifier {
	return Verifier{key: s.key.Public().(ed25519.PublicKey), seen: &verified{callers: map[string]entry{}}}
}

// A Verifier checks tokens. It remembers those it found good until they
// expire, because a signature costs more to check than an order to read.
type Verifier struct {
	key  ed25519.PublicKey
	seen *verified
}

type verified struct {
	sync.RWMutex
	callers map[string]entry
}

type entry struct {
	Caller
	expires time.Time
}

// Verify returns whom a token stands for.
func (v Verifier) Verify(token string) (Caller, error) {
	v.seen.RLock()
	e, ok := v.seen.callers[token]
	v.seen.RUnlock()
	if ok && time.Now().Before(e.expires) {
		return e.Caller, nil
	}
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return v.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(clockSkews))
	if err != nil {
		return Caller{}, err
	}
	id, err := uuid.Parse(c.Subject)
	if err != nil {
		return Caller{}, err
	}
	e = entry{Caller{id, c.Role}, c.ExpiresAt.Time}
	v.seen.Lock()
	defer v.seen.Unlock()
	if len(v.seen.callers) >= maxTokens {
		clear(v.seen.callers) // rare, and only costs checking again
	}
	v.seen.callers[token] = e
	return e.Caller, nil
}
