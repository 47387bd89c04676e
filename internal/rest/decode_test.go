package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"triptych/domain/fault"
)

type drink struct {
	Name string `json:"name"`
	Cups int    `json:"cups"`
	With struct {
		Milk bool `json:"milk"`
	} `json:"with"`
	Extras *[]string `json:"extras"`
}

// post makes a request as a server gets it.
func post(media, body string) *http.Request {
	r := httptest.NewRequest("POST", "/v1/drinks", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	return r
}

func TestGoodJSONIsRead(t *testing.T) {
	for _, body := range []string{
		`{"name":"tea","cups":2,"with":{"milk":true}}`,
		" {\"with\" : {\"milk\":true}, \"cups\":2,\r\n\t\"name\":\"\\u0074ea\"} ",
	} {
		for _, media := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON"} {
			var got drink
			read, err := Decode(httptest.NewRecorder(), post(media, body), &got)
			if err != nil || got.Name != "tea" || got.Cups != 2 || !got.With.Milk || string(read) != body {
				t.Errorf("%s as %s: got %+v, %q, %v", body, media, got, read, err)
			}
		}
	}
}

func TestJSONIsReadStrictly(t *testing.T) {
	for body, want := range map[string]string{
		`{"name":"tea","sugar":1}`:         `unknown_field: the JSON has a field that is not known here: no such field at "/sugar"`,
		`{"with":{"milk":true,"lemon":1}}`: `unknown_field: the JSON has a field that is not known here: no such field at "/with/lemon"`,
		`{"Name":"tea"}`:                   `unknown_field: the JSON has a field that is not known here: no such field at "/Name"`,
		`{"cups":1,"cups":2}`:              `bad_json: the body is not the JSON that is wanted: duplicate object member name at "/cups"`,
		`{"cups":1,"c\u0075ps":2}`:         `bad_json: the body is not the JSON that is wanted: duplicate object member name at "/cups"`,
		`{"cups":"1"}`:                     `bad_json: the body is not the JSON that is wanted: a value of another type is wanted at "/cups"`,
		`{"cups":1.5}`:                     `bad_json: the body is not the JSON that is wanted: invalid syntax at "/cups"`,
		`{"cups":99999999999999999999}`:    `bad_json: the body is not the JSON that is wanted: value out of range at "/cups"`,
		`{"name":1}`:                       `bad_json: the body is not the JSON that is wanted: a value of another type is wanted at "/name"`,
		`{"with":[]}`:                      `bad_json: the body is not the JSON that is wanted: a value of another type is wanted at "/with"`,
		`[]`:                               `bad_json: the body is not the JSON that is wanted: a value of another type is wanted at ""`,
		`"tea"`:                            `bad_json: the body is not the JSON that is wanted: a value of another type is wanted at ""`,
		`{"name":null}`:                    `bad_json: the body is not the JSON that is wanted: null at "/name" is no value here`,
		`{"extras":null}`:                  `bad_json: the body is not the JSON that is wanted: null at "/extras" is no value here`,
		`null`:                             `bad_json: the body is not the JSON that is wanted: null at "" is no value here`,
		`{"name":"t\u0000ea"}`:             `bad_json: the body is not the JSON that is wanted: U+0000 at "/name" may not stand in a text`,
		`{"extras":["","\u0000"]}`:         `bad_json: the body is not the JSON that is wanted: U+0000 at "/extras/1" may not stand in a text`,
		``:                                 ``,
		` `:                                ``,
		`{`:                                ``,
		`{"cups":1`:                        ``,
		`{"cups":1}}`:                      ``,
		`{"cups":1} {"cups":2}`:            ``,
		`{"cups":1} x`:                     ``,
		`{"cups":1,}`:                      ``,
		`{'cups':1}`:                       ``,
		`{"cups":01}`:                      ``,
		`{"cups":NaN}`:                     ``,
		`/* tea */ {"cups":1}`:             ``,
		"{\"name\":\"\xff\"}":              ``,
		"\xef\xbb\xbf{}":                   ``, // a byte order mark
		"{\"cups\":1}\x00":                 ``,
		"{\"name\":\"a\x00\"}":             ``,
		`{"name":"\ud800"}`:                ``, // half of a pair
		strings.Repeat(`[`, 100_000):       ``,
	} {
		var in drink
		_, err := Decode(httptest.NewRecorder(), post("application/json", body), &in)
		f := fault.From(err)
		short := body[:min(len(body), 40)]
		switch {
		case f == nil:
			t.Errorf("%q is read", short)
		case want != "" && f.Error() != want:
			t.Errorf("%q:\n got %s\nwant %s", short, f.Error(), want)
		case f.Kind != fault.Malformed || want == "" && f.Code != "bad_json":
			t.Errorf("%q: got %+v", short, f)
		case strings.Contains(f.Detail, "Go ") || strings.Contains(f.Detail, "drink") || len(f.Detail) > 300:
			t.Errorf("%q: the answer tells of the program: %s", short, f.Detail)
		}
	}
}

func TestWhatLooksLikeNullOrNULIsNone(t *testing.T) {
	for _, body := range []string{`{"name":"null"}`, `{"name":"\\u0000"}`, `{"name":"null \\u0000 null"}`} {
		var in drink
		if _, err := Decode(httptest.NewRecorder(), post("application/json", body), &in); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestJSONIsTakenAsJSONOnly(t *testing.T) {
	for _, media := range []string{"", "text/json", "text/plain", "json", "application/jsonp", "application/x-www-form-urlencoded", ";"} {
		var in drink
		_, err := Decode(httptest.NewRecorder(), post(media, `{}`), &in)
		if f := fault.From(err); f == nil || f.Kind != fault.UnsupportedMedia || f.Code != "unsupported_media_type" {
			t.Errorf("as %q: got %+v", media, f)
		}
	}
	r := post("", `{}`)
	r.Header.Del("Content-Type")
	if err := RequireMedia(r, "image/jpeg", "image/png"); err == nil || !strings.Contains(err.Error(), "image/jpeg or image/png") {
		t.Errorf("without a type: got %v", err)
	}
}

// The size that is announced is believed when it is too much; when none is
// announced, or a lie, the body itself is counted.
func TestABodyHasALimit(t *testing.T) {
	fits := `{"cups":1}` + strings.Repeat(" ", MaxJSON-len(`{"cups":1}`))
	for name, c := range map[string]struct {
		body     string
		announce int64
		ok       bool
	}{
		"exactly":                    {fits, MaxJSON, true},
		"exactly, not announced":     {fits, -1, true},
		"a byte more":                {fits + " ", MaxJSON + 1, false},
		"a byte more, not announced": {fits + " ", -1, false},
		"little, much announced":     {`{}`, MaxJSON + 1, false},
	} {
		r := post("application/json", c.body)
		r.ContentLength = c.announce
		var in drink
		_, err := Decode(httptest.NewRecorder(), r, &in)
		f := fault.From(err)
		if (f == nil) != c.ok || f != nil && (f.Kind != fault.TooLarge || f.Code != "body_too_large") {
			t.Errorf("%s: got %+v", name, f)
		}
	}
}

func TestABodyThatBreaksOffIsMalformed(t *testing.T) {
	r := post("application/json", "")
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"cups":`), broken{})), -1
	var in drink
	if _, err := Decode(httptest.NewRecorder(), r, &in); !fault.Is(err, "bad_json") || strings.Contains(err.Error(), "10.0.0.1") {
		t.Errorf("got %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestPreferWait(t *testing.T) {
	for _, c := range []struct {
		headers []string
		want    time.Duration // of at most 30 s
	}{
		{nil, 0},
		{[]string{"wait=10"}, 10 * time.Second},
		{[]string{"Wait=10"}, 10 * time.Second},
		{[]string{"wait = 10"}, 10 * time.Second}, // section 2 allows blanks around "="
		{[]string{`wait="10"`}, 10 * time.Second},
		{[]string{"wait=10; reason=impatience"}, 10 * time.Second},
		{[]string{"respond-async, wait=10"}, 10 * time.Second},
		{[]string{"respond-async", "wait=10"}, 10 * time.Second},
		{[]string{"handling=lenient;wait=3, wait=10"}, 10 * time.Second}, // a parameter of another preference
		{[]string{"wait=5, wait=10"}, 5 * time.Second},                   // the first counts
		{[]string{"wait=x, wait=10"}, 0},
		{[]string{"wait=0"}, 0},
		{[]string{"wait=31"}, 30 * time.Second},
		{[]string{"wait=9999999999"}, 30 * time.Second}, // its nanoseconds overflow
		{[]string{"wait=99999999999999999999999"}, 30 * time.Second},
		{[]string{"wait=-1"}, 0},
		{[]string{"wait=+1"}, 0},
		{[]string{"wait=1.5"}, 0},
		{[]string{"wait=1s"}, 0},
		{[]string{"wait="}, 0},
		{[]string{"wait"}, 0},
		{[]string{"await=10"}, 0},
		{[]string{""}, 0},
		{[]string{",;=,"}, 0},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		for _, h := range c.headers {
			r.Header.Add("Prefer", h)
		}
		if got := Wait(r, 30*time.Second); got != c.want {
			t.Errorf("Prefer: %s: got %v, want %v", strings.Join(c.headers, " | "), got, c.want)
		}
	}
}

// Whatever is sent, it is read or the client is told why not.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{``, `{}`, `null`, `{"name":"tea","cups":2,"with":{"milk":true},"extras":["\u0000"]}`, `{"cups":1e400}`, "\xff", `{"name":"\ud800"}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var in drink
		_, err := Decode(httptest.NewRecorder(), post("application/json", body), &in)
		if err == nil {
			if !storable(in.Name) {
				t.Errorf("%q was let through", in.Name)
			}
			return
		}
		f := fault.From(err)
		if f.Kind != fault.Malformed && f.Kind != fault.TooLarge || !storable(f.Detail) {
			t.Errorf("got %s", strconv.Quote(f.Error()))
		}
	})
}
