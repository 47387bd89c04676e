// Package sigv4 verifies AWS's Signature Version 4: that a request was made by
// somebody who knows a secret, and has arrived as it was made. Whether the same
// request comes twice it does not look at.
//
// Source: "AWS Signature Version 4 for API requests" in the IAM User Guide. The
// path is escaped twice, as for every service but S3.
package sigv4

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"triptych/faas/function"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	isoTime   = "20060102T150405Z"
	end       = "aws4_request"

	// Unsigned stands for the hash of a body that is not signed.
	Unsigned = "UNSIGNED-PAYLOAD"

	// Skew is how far the clocks of two sides may be apart.
	Skew = 15 * time.Minute

	maxExpires = 7 * 24 * time.Hour
)

// A Claim is what a request says of who signed it. It is not believed before
// Verify.
type Claim struct {
	AccessKey, SessionToken string

	date, region, service string // the scope
	headers               []string
	signature             []byte
	at                    time.Time
	expires               time.Duration // of a presigned URL; 0 is none
}

// Read returns the claim of a request, in its Authorization header or in its
// query; nil when it has none. The error is an IncompleteSignatureException.
func Read(r *http.Request) (*Claim, error) {
	if h := r.Header.Get("Authorization"); strings.HasPrefix(h, "AWS4-") {
		return readHeader(r, h)
	}
	if strings.Contains(r.URL.RawQuery, "X-Amz-Algorithm=") {
		return readQuery(r.URL.Query())
	}
	return nil, nil
}

func readHeader(r *http.Request, h string) (*Claim, error) {
	name, rest, _ := strings.Cut(h, " ")
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[key] = value
	}
	c := &Claim{SessionToken: r.Header.Get("X-Amz-Security-Token")}
	if err := c.read(name, parts["Credential"], parts["SignedHeaders"], parts["Signature"]); err != nil {
		return nil, err
	}
	var err error
	if stamp := r.Header.Get("X-Amz-Date"); stamp != "" {
		c.at, err = time.Parse(isoTime, stamp)
	} else {
		c.at, err = http.ParseTime(r.Header.Get("Date"))
	}
	if err != nil {
		return nil, function.IncompleteSignature("The request has no valid X-Amz-Date or Date header: write the time as %s", isoTime)
	}
	return c, nil
}

func readQuery(q url.Values) (*Claim, error) {
	c := &Claim{SessionToken: q.Get("X-Amz-Security-Token")}
	if err := c.read(q.Get("X-Amz-Algorithm"), q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Signature")); err != nil {
		return nil, err
	}
	at, err := time.Parse(isoTime, q.Get("X-Amz-Date"))
	if err != nil {
		return nil, function.IncompleteSignature("X-Amz-Date must be a time as %s", isoTime)
	}
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err != nil || seconds < 1 || seconds > int(maxExpires/time.Second) {
		return nil, function.IncompleteSignature("X-Amz-Expires must be a number of seconds from 1 to %d", maxExpires/time.Second)
	}
	c.at, c.expires = at, time.Duration(seconds)*time.Second
	return c, nil
}

func (c *Claim) read(name, credential, headers, signature string) error {
	if name != algorithm {
		return function.IncompleteSignature("The signature algorithm %.40q is not supported: use %s", name, algorithm)
	}
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[0] == "" || scope[4] != end {
		return function.IncompleteSignature("Credential must be ACCESSKEY/DATE/REGION/SERVICE/%s", end)
	}
	c.AccessKey, c.date, c.region, c.service = scope[0], scope[1], scope[2], scope[3]
	c.headers = strings.Split(headers, ";")
	if !slices.Contains(c.headers, "host") || !slices.IsSorted(c.headers) || len(slices.Compact(slices.Clone(c.headers))) < len(c.headers) {
		return function.IncompleteSignature("SignedHeaders must be names of headers in lower case and in order, each once, with host among them")
	}
	var err error
	if c.signature, err = hex.DecodeString(signature); err != nil || len(c.signature) != sha256.Size {
		return function.IncompleteSignature("Signature must be %d hexadecimal digits", hex.EncodedLen(sha256.Size))
	}
	return nil
}

// Verify reports why the claim of r, whose body is given, does not hold for a
// secret: an InvalidSignatureException. service is what it must be meant for;
// it may be for any region.
func (c *Claim) Verify(r *http.Request, body []byte, secret, service string, now time.Time) error {
	if c.service != service {
		return function.BadSignature("Credential should be scoped to correct service: '%s'.", service)
	}
	if c.date != c.at.UTC().Format(isoTime[:8]) {
		return function.BadSignature("Credential should be scoped with the date of X-Amz-Date.")
	}
	if err := c.checkTime(now); err != nil {
		return err
	}
	hash, err := bodyHash(r, body)
	if err != nil {
		return err
	}
	canonical, err := c.canonical(r, hash)
	if err != nil {
		return err
	}
	if !hmac.Equal(c.sign(secret, canonical), c.signature) {
		return function.BadSignature("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return nil
}

func (c *Claim) checkTime(now time.Time) error {
	last := c.at.Add(cmp.Or(c.expires, Skew))
	switch stamp := c.at.UTC().Format(isoTime); {
	case c.at.After(now.Add(Skew)):
		return function.BadSignature("Signature not yet current: %s is still later than %s (the clocks may be %s apart)", stamp, now.UTC().Format(isoTime), Skew)
	case now.After(last):
		return function.BadSignature("Signature expired: %s is now earlier than %s (it was valid until %s)", stamp, now.UTC().Format(isoTime), last.UTC().Format(isoTime))
	}
	return nil
}

// sign is the signature of a canonical request.
func (c *Claim) sign(secret, canonical string) []byte {
	scope := c.date + "/" + c.region + "/" + c.service + "/" + end
	sum := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + secret)
	for _, part := range []string{c.date, c.region, c.service, end} {
		key = mac(key, part)
	}
	return mac(key, algorithm+"\n"+c.at.UTC().Format(isoTime)+"\n"+scope+"\n"+hex.EncodeToString(sum[:]))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
