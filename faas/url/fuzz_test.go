package url

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"triptych/faas/registry"
)

// FuzzAnswer has functions answer with anything: it is a response that can be
// sent, or none.
func FuzzAnswer(f *testing.F) {
	for _, payload := range []string{
		`{"statusCode":200,"headers":{"A":"b","Connection":"c"},"cookies":["d=e"],"body":"eA==","isBase64Encoded":true}`, `{"statusCode":1e3}`, `{"statusCode":null}`,
		`{"statusCode":200,"headers":{"":"","a b":"\n","Content-Length":"-1"},"cookies":["\r\n"]}`, "\"text\"", "{\"statusCode\":418}\x00\x00\x00\x00\x00\x00\x00\x00body",
	} {
		f.Add(true, []byte(payload))
		f.Add(false, []byte(payload))
	}
	f.Fuzz(func(t *testing.T, prelude bool, payload []byte) {
		kind := jsonType
		if prelude {
			kind = preludeType
		}
		a, err := parse(kind, payload)
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		c := &call{w: w, r: httptest.NewRequest(http.MethodGet, "/", nil), url: registry.URL{Cors: &registry.Cors{}}, target: target{beside: true}}
		c.head(a.head, len(a.body))
		if w.Code < 200 || w.Code > 599 || len(w.Header()["Content-Security-Policy"]) == 0 {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
}
