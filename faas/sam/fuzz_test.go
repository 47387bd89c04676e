package sam

import (
	"os"
	"testing"
)

// FuzzParse looks for bytes that make the reader panic or take for ever, and for
// a template that is accepted although a function of it is unusable.
func FuzzParse(f *testing.F) {
	for _, path := range []string{"testdata/whole.yaml", "testdata/built/template.yaml", "../examples/template.yaml"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, c := range complained {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := parse("t.yaml", text, map[string]string{"Stage": "live"})
		if err != nil {
			return
		}
		for _, fn := range got.Functions {
			if fn.Name == "" || fn.CodeURI == "" || fn.Timeout <= 0 || fn.MemorySize <= 0 {
				t.Errorf("a function was accepted: %+v", fn)
			}
		}
		for _, o := range got.Outputs {
			o.Value(func(string) string { return "" })
		}
	})
}
