package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// creation is a part of CreateFunction.
type creation struct {
	FunctionName string
	Code         newCode
	Environment  struct{ Variables map[string]string }
}

// zip is so many bytes, in base64.
func zip(size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * i >> 3)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// TestCodeIsReadAsJSONIs reads requests in place, and as any JSON is read.
func TestCodeIsReadAsJSONIs(t *testing.T) {
	large := zip(100_000)
	for name, body := range map[string]string{
		"code":               `{"FunctionName":"a","Code":{"ZipFile":"` + large + `"},"Environment":{"Variables":{"A":"b"}}}`,
		"padded":             `{"Code":{"ZipFile":"` + zip(100_001) + `"}}`,
		"padded twice":       `{"Code":{"ZipFile":"` + zip(99_999) + `"}}`,
		"whole chunks":       `{"Code":{"ZipFile":"` + zip(3072*30) + `"}}`,
		"small":              `{"Code":{"ZipFile":"AAAA"}}`,
		"another spelling":   `{"code":{"zipfile":"` + large + `"}}`,
		"escapes":            `{"FunctionName":"a\"\\","Code":{"ZipFile":"` + strings.ReplaceAll(large, "/", `\/`) + `"}}`,
		"quotes before it":   `{"FunctionName":"\\\"\"","Code":{"ZipFile":"` + large + `"}}`,
		"broken lines":       `{"Code":{"ZipFile":"` + large[:76] + `\r\n` + large[76:] + `"}}`,
		"a real line break":  `{"Code":{"ZipFile":"` + large[:76] + "\n" + large[76:] + `"}}`,
		"two":                `{"Code":{"ZipFile":"` + large + `"},"Code":{"ZipFile":"AAAA"}}`,
		"two, the last":      `{"Code":{"ZipFile":"AAAA"},"Code":{"ZipFile":"` + large + `"}}`,
		"somewhere else":     `{"Code":{"ZipFile":"AAAA"},"Environment":{"Variables":{"ZipFile":"` + large + `"}}}`,
		"nowhere":            `{"Code":{},"Else":"` + large + `"}`,
		"no base64":          `{"Code":{"ZipFile":"` + large[:50_000] + "-" + large[50_001:] + `"}}`,
		"padded in between":  `{"Code":{"ZipFile":"` + large[:4092] + "AAA=" + large[4096:] + `"}}`,
		"cut short":          `{"Code":{"ZipFile":"` + large[:99_999] + `"}}`,
		"no JSON":            `{"Code":{"ZipFile":"` + large + `"}`,
		"no JSON before it":  `{Code:{"ZipFile":"` + large + `"}}`,
		"a text without end": `{"Code":{"ZipFile":"` + large,
		"not an object":      `"` + large + `"`,
		"nothing":            ``,
	} {
		request := func() (got creation, err error) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(body))
			return got, decodeCode(r, &got, &got.Code)
		}
		got, err := request()
		var want creation
		wantErr := decode(httptest.NewRequest("POST", "/", strings.NewReader(body)), maxCode, &want)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %v, want %v", name, err, wantErr)
		}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%.2000s", name, diff)
		}
	}
}

// TestCodeIsHeldOnce is why code is read in place.
func TestCodeIsHeldOnce(t *testing.T) {
	body := []byte(`{"Code":{"ZipFile":"` + zip(10<<20) + `"}}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
	var in creation
	if err := decodeCode(r, &in, &in.Code); err != nil || len(in.Code.ZipFile) != 10<<20 {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if allocated, most := after.TotalAlloc-before.TotalAlloc, uint64(len(body))*3/2; allocated > most {
		t.Errorf("reading %d bytes allocates %d, want at most %d", len(body), allocated, most)
	}
}

func FuzzTheLongestText(f *testing.F) {
	f.Add([]byte(`{"a":"b","c":["\"\\\\",{"d":"eee\\"}]}`))
	f.Add([]byte(`"\\\""`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		from, to := longest(doc)
		if !json.Valid(doc) {
			return // whatever it is, it is refused
		}
		longer := 0
		d := json.NewDecoder(bytes.NewReader(doc))
		for {
			before := d.InputOffset()
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if _, ok := token.(string); ok {
				text := doc[before:d.InputOffset()]
				longer = max(longer, len(text[bytes.IndexByte(text, '"'):])-2)
			}
		}
		if to-from != longer {
			t.Errorf("%q: %q is the longest, want %d bytes", doc, doc[from:to], longer)
		}
	})
}

func FuzzInPlace(f *testing.F) {
	f.Add("AAAA", 1)
	f.Add("AAA=", 1024)
	f.Add("AA==BBBB", 1)
	f.Fuzz(func(t *testing.T, text string, times int) {
		text = strings.Repeat(text, max(1, times%5000))
		if strings.ContainsAny(text, "\r\n") || len(text) > 1<<20 {
			return
		}
		want, wantErr := base64.StdEncoding.DecodeString(text)
		got, err := inPlace([]byte(text))
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%.100q: %.100q, %v; want %.100q, %v", text, got, err, want, wantErr)
		}
	})
}
