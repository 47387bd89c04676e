package faultlist

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// file is a Go file with statements in it.
func file(imports string, statements ...string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("package x\nimport " + imports + "\nfunc f() {\n" + strings.Join(statements, "\n") + "\n}\n")}
}

const plain = `"triptych/internal/faults"`

func TestNames(t *testing.T) {
	root := fstest.MapFS{
		"orders/place.go":       file(plain, "err := faults.Point(ctx, `orders.reserve`, do)", `return faults.Point(ctx, "orders.capture", func(ctx context.Context) error { return faults.Point(ctx, "orders.inner", do) })`),
		"orders/deeper/x.go":    file(`trouble "triptych/internal/faults"`, `trouble.Point(ctx, "deeper", do)`),
		"orders/testdata/x.go":  file(plain, `faults.Point(ctx, name, do)`),
		"orders/place_test.go":  file(plain, `faults.Point(ctx, name, do)`),
		"orders/other.go":       file(`"other/faults"`, `faults.Point(ctx, name, do)`),
		"orders/readme.md":      {Data: []byte("not Go")},
		"payments/payments.go":  file(plain, `faults.Point(ctx, "payments.charge", do); faults.Enable()`),
		"elsewhere/elsewere.go": file(plain, `faults.Point(ctx, "not.asked.for", do)`),
	}
	got, err := Names(root, "orders", "payments")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"deeper", "orders.capture", "orders.inner", "orders.reserve", "payments.charge"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}

func TestPointsThatCannotBeListed(t *testing.T) {
	for want, root := range map[string]fstest.MapFS{
		"a.go:4:1: the name of a point must be a literal": {"a.go": file(plain, `faults.Point(ctx, name, do)`)},
		"a.go:4:6: faults.Point is not called here":       {"a.go": file(plain, `p := faults.Point`)},
		"a.go:4:1: faults.Point takes three arguments":    {"a.go": file(plain, `faults.Point("x")`)},
		`b/b.go:4:1: the point "x" is at a.go:4:1 too`:    {"a.go": file(plain, `faults.Point(ctx, "x", do)`), "b/b.go": file(plain, `faults.Point(ctx, "x", do)`)},
		"a.go:4:1: expected ":                             {"a.go": file(plain, `)`)},
	} {
		if names, err := Names(root, "."); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v; want the error %s", names, err, want)
		}
	}
	if _, err := Names(fstest.MapFS{}, "gone"); err == nil {
		t.Error("a folder that is not there was read")
	}
}
