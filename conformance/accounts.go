package conformance

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// accounts is section 2: who is who.
func accounts() []scenario {
	return []scenario{
		{"accounts", "opens an account, signs in, knows who asks", openAccount},
		{"accounts", "gives a token with the claims that are promised", tokenClaims},
		{"accounts", "has one account per e-mail address, in any case", oneAccountPerAddress},
		{"accounts", "opens one account of many attempts at once", oneAccountAtOnce},
		{"accounts", "wants passwords of 10 to 128 characters", passwordLength},
		{"accounts", "names every broken rule at once", everyRule},
		{"accounts", "tells a wrong address from a wrong password to nobody", wrongAddressOrPassword},
		{"accounts", "knows nobody by what can be no address", noAddress},
		{"accounts", "stops guessing after ten failures for an address", stopsGuessing},
		{"accounts", "refuses tokens that it did not give", forgedTokens},
		{"accounts", "reads the Authorization header as the RFCs have it", authorizationHeader},
	}
}

func openAccount(t *try) {
	email := t.unique("Open") + "@Example.com"
	a := decode[accountJSON](t.post(nil, "/v1/accounts", map[string]string{"email": email, "password": password, "name": "Ada Lovelace"}).want(http.StatusCreated))
	equal(t, "email", a.Email, email)
	equal(t, "name", a.Name, "Ada Lovelace")
	equal(t, "role", a.Role, "customer")
	who := t.signIn(Credentials{email, password})
	equal(t, "me", decode[accountJSON](t.get(who, "/v1/accounts/me").want(http.StatusOK)), a)
	boss := decode[accountJSON](t.get(t.manager, "/v1/accounts/me").want(http.StatusOK))
	equal(t, "the manager's role", boss.Role, "manager")
}

func tokenClaims(t *try) {
	who := t.buyer(0)
	a := t.post(nil, "/v1/sessions", Credentials{who.Email, who.Password}.json()).want(http.StatusCreated)
	s := decode[session](a)
	head, claims := part(t, s.Token, 0), part(t, s.Token, 1)
	equal(t, "alg", head["alg"], any("EdDSA"))
	equal(t, "sub", claims["sub"], any(who.ID))
	equal(t, "role", claims["role"], any("customer"))
	for _, name := range []string{"iss", "aud"} {
		if claims[name] == nil || claims[name] == "" {
			t.errorf("the token has no %s", name)
		}
	}
	iat, _ := claims["iat"].(float64)
	exp, _ := claims["exp"].(float64)
	equal(t, "exp − iat", exp-iat, float64(3600))
	expires, err := time.Parse(time.RFC3339, s.ExpiresAt)
	t.must(err)
	equal(t, "expires_at", expires.Unix(), int64(exp))
}

// part decodes a segment of a JWT without believing it.
func part(t *try, token string, i int) map[string]any {
	segments := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(segments[i])
	t.must(err)
	var claims map[string]any
	t.must(json.Unmarshal(raw, &claims))
	return claims
}

func oneAccountPerAddress(t *try) {
	email := t.unique("twice") + "@example.com"
	body := map[string]string{"email": email, "password": password, "name": "First"}
	t.post(nil, "/v1/accounts", body).want(http.StatusCreated)
	for _, again := range []string{email, strings.ToUpper(email), strings.ToUpper(email[:3]) + email[3:]} {
		t.post(nil, "/v1/accounts", map[string]string{"email": again, "password": "another password", "name": "Second"}).
			refused(http.StatusConflict, "email_taken")
	}
	t.signIn(Credentials{strings.ToUpper(email), password})
	t.post(nil, "/v1/sessions", Credentials{email, "another password"}.json()).refused(http.StatusUnauthorized, "unauthenticated")
}

func oneAccountAtOnce(t *try) {
	email := t.unique("race") + "@example.com"
	statuses := make([]int, 6)
	t.together(len(statuses), func(i int) {
		body := map[string]string{"email": email, "password": password, "name": "Racer"}
		statuses[i] = t.post(nil, "/v1/accounts", body).want(http.StatusCreated, http.StatusConflict).Status
	})
	slices.Sort(statuses)
	equal(t, "the number of accounts", slices.Index(statuses, http.StatusConflict), 1)
}

func passwordLength(t *try) {
	open := func(pw string) *answer {
		return t.post(nil, "/v1/accounts", map[string]string{"email": t.unique("pw") + "@example.com", "password": pw, "name": "n"})
	}
	open("123456789").invalid("/password")
	open(strings.Repeat("x", 129)).invalid("/password")
	open("ääääääääa").invalid("/password") // 9 characters in 17 bytes
	open(strings.Repeat("ä", 128)).want(http.StatusCreated)
	open("1234567890").want(http.StatusCreated)
}

func everyRule(t *try) {
	t.post(nil, "/v1/accounts", map[string]string{"email": "nobody", "password": "short", "name": ""}).invalid("/email", "/password", "/name")
	t.post(nil, "/v1/accounts", map[string]string{}).invalid("/email", "/password", "/name")
	for _, email := range []string{"a@", "@b.example", "a b@example.com", "a@b@c.example", "Ada <ada@example.com>", strings.Repeat("x", 250) + "@example.com"} {
		t.post(nil, "/v1/accounts", map[string]string{"email": email, "password": password, "name": "n"}).invalid("/email")
	}
}

// wrongAddressOrPassword compares both what is answered and how long it takes:
// hashing a password takes tens of milliseconds, so skipping it shows.
func wrongAddressOrPassword(t *try) {
	known, unknown := t.newCustomer().Email, t.unique("nobody")+"@example.com"
	const tries = 5
	took := map[string][]time.Duration{}
	detail := map[string]string{}
	for range tries {
		for _, email := range []string{known, unknown} {
			a := t.post(nil, "/v1/sessions", Credentials{email, "a wrong password"}.json())
			detail[email] = a.refused(http.StatusUnauthorized, "unauthenticated").Detail
			took[email] = append(took[email], a.Took)
		}
	}
	equal(t, "the detail for an unknown address", detail[unknown], detail[known])
	fastest := func(email string) time.Duration { return slices.Min(took[email]) }
	if fast, slow := fastest(unknown), fastest(known); fast*3 < slow || slow*3 < fast {
		t.errorf("an unknown address takes %v, a known one %v: the difference tells who has an account", fast, slow)
	}
}

// noAddress signs in with texts as long as a body may hold: whatever counts
// failures has to cope with them.
func noAddress(t *try) {
	long := make([]byte, 100_000)
	_, _ = rand.Read(long) // never fails
	for _, email := range []string{"", "nobody", " ", hex.EncodeToString(long), hex.EncodeToString(long) + "@example.com"} {
		t.post(nil, "/v1/sessions", Credentials{email, password}.json()).refused(http.StatusUnauthorized, "unauthenticated")
	}
}

func stopsGuessing(t *try) {
	known, unknown := t.newCustomer(), t.unique("guess")+"@example.com"
	for _, email := range []string{known.Email, unknown} {
		for range 10 {
			t.post(nil, "/v1/sessions", Credentials{email, "a wrong password"}.json()).refused(http.StatusUnauthorized, "unauthenticated")
		}
		for _, again := range []string{email, strings.ToUpper(email)} {
			t.post(nil, "/v1/sessions", Credentials{again, "a wrong password"}.json()).refused(http.StatusTooManyRequests, "too_many_attempts")
		}
	}
	t.post(nil, "/v1/sessions", Credentials{known.Email, known.Password}.json()).refused(http.StatusTooManyRequests, "too_many_attempts")
	t.get(known, "/v1/accounts/me").want(http.StatusOK) // sessions that there are go on
	other := t.buyer(0)
	t.signIn(Credentials{other.Email, other.Password})
}

func forgedTokens(t *try) {
	for name, token := range forgedBearers(t) {
		for _, path := range []string{"/v1/accounts/me", "/v1/cart", "/v1/employees"} {
			if a := t.get(&account{Token: token}, path); a.Status != http.StatusUnauthorized {
				t.errorf("%s: taken although its token is %s", a, name)
			}
		}
	}
	// Where anyone may call, nobody looks at it: an old one keeps no one out.
	t.get(&account{Token: "x.y.z"}, "/v1/products").want(http.StatusOK)
}

func authorizationHeader(t *try) {
	who := t.buyer(0)
	t.get(nil, "/v1/accounts/me", header("Authorization", "bearer "+who.Token)).want(http.StatusOK)
	for _, value := range []string{who.Token, "Basic " + who.Token, "Bearer", "Bearer ", "Token " + who.Token, "Bearer " + who.Token + " x", "Basic YWRhOmFkYQ=="} {
		t.get(nil, "/v1/accounts/me", header("Authorization", value)).refused(http.StatusUnauthorized, "unauthenticated")
	}
}
