package sigv4

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"triptych/faas/function"
)

// canonical is the form of a request that is signed.
func (c *Claim) canonical(r *http.Request, hash string) (string, error) {
	query, err := canonicalQuery(r.URL.RawQuery)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + escape(rawPath(r), true) + "\n" + query + "\n")
	for _, name := range c.headers {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(c.headers, ";") + "\n" + hash)
	return b.String(), nil
}

// rawPath is the path as it was sent: escaping it is part of the signature.
func rawPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	return cmp.Or(r.URL.EscapedPath(), "/")
}

// canonicalQuery is a query in order, without its own signature.
func canonicalQuery(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return "", function.BadSignature("The query of the request cannot be read: %v", err)
	}
	var pairs [][2]string
	for name, all := range values {
		for _, value := range all {
			if name != "X-Amz-Signature" {
				pairs = append(pairs, [2]string{escape(name, false), escape(value, false)})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	return b.String(), nil
}

// headerValue is a header as it is signed. Some of them Go's server keeps apart.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(max(0, r.ContentLength), 10)
	case "transfer-encoding":
		return strings.Join(r.TransferEncoding, ",")
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		v = strings.TrimSpace(v)
		for strings.Contains(v, "  ") {
			v = strings.ReplaceAll(v, "  ", " ")
		}
		values[i] = v
	}
	return strings.Join(values, ",")
}

// bodyHash is what is signed of a body: the hash that the request gives, which
// must be the body's, or that of the body.
func bodyHash(r *http.Request, body []byte) (string, error) {
	claimed := r.Header.Get("X-Amz-Content-Sha256")
	if claimed == Unsigned {
		return claimed, nil
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if claimed != "" && claimed != hash {
		return "", function.BadSignature("X-Amz-Content-Sha256 is %.80q: it must be the SHA-256 of the body, or %s", claimed, Unsigned)
	}
	return hash, nil
}

const hexDigits = "0123456789ABCDEF"

// escape is RFC 3986's percent-encoding, of everything but unreserved characters.
func escape(s string, path bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~', path && c == '/':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}
