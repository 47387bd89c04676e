package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

func signer(t testing.TB, seed byte) Signer {
	t.Helper()
	s, err := NewSigner(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A person is whom tokens are issued to.
type person struct {
	id   uuid.UUID
	role string
}

func issue(t testing.TB, s Signer, p person) string {
	t.Helper()
	token, _, err := s.Issue(p.id, p.role, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

var (
	ada  = person{uuid.MustParse("0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e"), "customer"}
	boss = person{uuid.MustParse("0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5f"), "manager"}
)

func TestATokenStandsForItsBearer(t *testing.T) {
	s := signer(t, 1)
	elsewhere, err := NewVerifier(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []Verifier{s.Verifier(), elsewhere} {
		for _, p := range []person{ada, boss} {
			token := issue(t, s, p)
			for range 2 { // the second time it is remembered
				if id, role, err := v.Verify(token); err != nil || (person{id, role}) != p {
					t.Errorf("got %v, %s, %v", id, role, err)
				}
			}
		}
	}
}

func TestWhatATokenSays(t *testing.T) {
	s := signer(t, 1)
	now := time.Now()
	token, expires, err := s.Issue(ada.id, ada.role, now)
	if err != nil {
		t.Fatal(err)
	}
	var c jwt.MapClaims
	parsed, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return s.public(), nil })
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(parsed.Header["alg"], c["sub"], c["role"], c["iss"], c["aud"], int64(c["iat"].(float64)), int64(c["exp"].(float64)), len(c))
	if want := fmt.Sprint("EdDSA", ada.id, "customer", "triptych", []any{"triptych-shop"}, now.Unix(), now.Unix()+3600, 6); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if expires.Unix() != now.Unix()+3600 || expires.Location() != time.UTC {
		t.Errorf("it expires at %v", expires)
	}
}

// forge makes a token of good claims but for a change, signed in that way.
func forge(t *testing.T, method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
	t.Helper()
	now := time.Now().Unix()
	c := jwt.MapClaims{"sub": boss.id.String(), "role": "manager", "iss": issuer, "aud": audience, "iat": now, "exp": now + 3600}
	if change != nil {
		change(c)
	}
	token, err := jwt.NewWithClaims(method, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestForgedTokens(t *testing.T) {
	s, other := signer(t, 1), signer(t, 2)
	public := s.public()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	set := func(name string, value any) string {
		return forge(t, jwt.SigningMethodEdDSA, s.key, func(c jwt.MapClaims) { c[name] = value })
	}
	without := func(name string) string {
		return forge(t, jwt.SigningMethodEdDSA, s.key, func(c jwt.MapClaims) { delete(c, name) })
	}
	good := forge(t, jwt.SigningMethodEdDSA, s.key, nil)
	parts := strings.Split(good, ".")
	v := s.Verifier()
	if _, _, err := v.Verify(good); err != nil {
		t.Fatalf("the forger makes bad tokens: %v", err)
	}
	for name, token := range map[string]string{
		"nothing":                          "",
		"garbage":                          "garbage",
		"two dots":                         "..",
		"signed by nobody":                 forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"the signature cut off":            parts[0] + "." + parts[1] + ".",
		"the signature of another":         parts[0] + "." + parts[1] + "." + strings.Split(set("role", "customer"), ".")[2],
		"text after the signature":         good + "A",
		"a part more":                      good + ".A",
		"signed by another":                forge(t, jwt.SigningMethodEdDSA, other.key, nil),
		"HS256 with the public key":        forge(t, jwt.SigningMethodHS256, []byte(public), nil),
		"HS256 with the public key as DER": forge(t, jwt.SigningMethodHS256, der, nil),
		"of another issuer":                set("iss", "somebody"),
		"of no issuer":                     without("iss"),
		"for another audience":             set("aud", "another-shop"),
		"for no audience":                  without("aud"),
		"expired a minute ago":             set("exp", now-60),
		"never to expire":                  without("exp"),
		"issued in a minute":               set("iat", now+60),
		"expires at a word":                set("exp", "never"),
		"of nobody":                        without("sub"),
		"of somebody who is no account":    set("sub", "root"),
	} {
		if id, role, err := v.Verify(token); err == nil || id != uuid.Nil || role != "" {
			t.Errorf("%s: got %v, %q, %v", name, id, role, err)
		}
	}
}

// A customer who writes "manager" into a token has none, also when the token
// as it was is remembered.
func TestARoleIsWhatWasSigned(t *testing.T) {
	s := signer(t, 1)
	v := s.Verifier()
	token := issue(t, s, ada)
	if _, _, err := v.Verify(token); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(body, []byte("customer"), []byte("manager"), 1))
	if id, role, err := v.Verify(strings.Join(parts, ".")); err == nil {
		t.Errorf("got %v, %s", id, role)
	}
}

// A token is remembered as long as it is good, and for half a minute more a
// clock may be behind.
func TestATokenIsGoodForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := signer(t, 1)
		v := s.Verifier()
		token := issue(t, s, ada)
		for _, c := range []struct {
			sleep time.Duration
			ok    bool
		}{{0, true}, {time.Hour - time.Second, true}, {2 * time.Second, true}, {clockSkews, false}} {
			time.Sleep(c.sleep)
			if _, _, err := v.Verify(token); (err == nil) != c.ok {
				t.Errorf("%v later: %v", c.sleep, err)
			}
		}
	})
}

func TestSoManyTokensAreRemembered(t *testing.T) {
	s := signer(t, 1)
	v := s.Verifier()
	for i := range maxTokens {
		v.seen.bearers[fmt.Sprint(i)] = bearer{}
	}
	token := issue(t, s, ada)
	if _, _, err := v.Verify(token); err != nil || len(v.seen.bearers) > maxTokens {
		t.Errorf("%d are remembered, %v", len(v.seen.bearers), err)
	}
}

func TestManyVerifyAtOnce(t *testing.T) {
	s := signer(t, 1)
	v := s.Verifier()
	tokens := []string{issue(t, s, ada), issue(t, s, boss)}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if _, role, err := v.Verify(tokens[i%2]); err != nil || (role == "manager") != (i%2 == 1) {
				t.Errorf("got %s, %v", role, err)
			}
		})
	}
	wg.Wait()
}

func TestASeedHas32Bytes(t *testing.T) {
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := NewSigner(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are taken", n)
		}
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSigner(seed); err != nil {
		t.Error(err)
	}
}

func TestAPublicKeyIs32BytesInBase64(t *testing.T) {
	for _, public := range []string{"", "!", base64.StdEncoding.EncodeToString(make([]byte, 31)), base64.StdEncoding.EncodeToString(make([]byte, 33))} {
		if _, err := NewVerifier(public); err == nil {
			t.Errorf("%q is taken", public)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	s := signer(b, 1)
	v := s.Verifier()
	token := issue(b, s, ada)
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := v.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("anew", func(b *testing.B) {
		for b.Loop() {
			clear(v.seen.bearers)
			if _, _, err := v.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
