package sigv4

import (
	"net/http"
	"net/url"
	"testing"
)

// FuzzVerify has requests claim anything: nobody who does not know the secret
// is believed, and nothing breaks.
func FuzzVerify(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/eu-west-3/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "20260301T120000Z", "a=1&b", "/x%2Fy")
	f.Add("AWS4-HMAC-SHA256", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20260301/b/lambda/aws4_request&X-Amz-SignedHeaders=host&X-Amz-Expires=60&X-Amz-Date=20260301T120000Z&X-Amz-Signature=0000000000000000000000000000000000000000000000000000000000000000", "/")
	f.Fuzz(func(t *testing.T, authorization, date, query, path string) {
		r := &http.Request{Method: "POST", URL: &url.URL{Path: path, RawQuery: query}, RequestURI: path, Host: "h", Header: http.Header{}}
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Date", date)
		c, err := Read(r)
		if c == nil || err != nil {
			return
		}
		if c.Verify(r, nil, key.SecretAccessKey, "lambda", noon) == nil {
			t.Errorf("believed %q, %q", authorization, query)
		}
	})
}
