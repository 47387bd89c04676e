package function_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/function"
)

func TestNamesOfFunctions(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:000000000000:function:"
	for _, c := range []struct {
		name, qualifier string
		want            function.Ref
	}{
		{"hello", "", function.Ref{Name: "hello"}},
		{"hello", "live", function.Ref{Name: "hello", Qualifier: "live"}},
		{"hello:live", "", function.Ref{Name: "hello", Qualifier: "live"}},
		{"hello:live", "live", function.Ref{Name: "hello", Qualifier: "live"}},
		{"hello:$LATEST", "", function.Ref{Name: "hello", Qualifier: "$LATEST"}},
		{"hello%3Alive", "", function.Ref{Name: "hello", Qualifier: "live"}},
		{"000000000000:function:hello", "", function.Ref{Name: "hello"}},
		{"000000000000:function:hello:7", "", function.Ref{Name: "hello", Qualifier: "7"}},
		{"function:live", "", function.Ref{Name: "function", Qualifier: "live"}},
		{arn + "hello", "", function.Ref{Name: "hello"}},
		{arn + "hello:7", "", function.Ref{Name: "hello", Qualifier: "7"}},
		{"arn:aws-cn:lambda:cn-north-1:123456789012:function:hello", "7", function.Ref{Name: "hello", Qualifier: "7"}},
	} {
		if got, err := function.ParseRef(c.name, c.qualifier); err != nil || got != c.want {
			t.Errorf("%q, %q: got %+v, %v, want %+v", c.name, c.qualifier, got, err, c.want)
		}
	}
	for _, c := range [][2]string{
		{"", ""}, {"a b", ""}, {"../hello", ""}, {strings.Repeat("x", 65), ""}, {"hello:live", "other"},
		{"arn:aws:sqs:us-east-1:000000000000:hello", ""}, {"arn:aws:lambda:us-east-1:000000000000:layer:hello", ""}, {"arn:", ""},
	} {
		if got, err := function.ParseRef(c[0], c[1]); function.From(err).Type != "InvalidParameterValueException" {
			t.Errorf("%q, %q: got %+v, %v", c[0], c[1], got, err)
		}
	}
}

func TestSettingsAreTags(t *testing.T) {
	want := function.Settings{Isolation: "strict", Connect: []uint16{53, 5432}, KeepAlive: 90 * time.Second, MaxConcurrency: 8}
	got, err := function.SettingsFrom(want.Tags())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings written and read (-want +got):\n%s", diff)
	}
	for name, value := range map[string]string{
		"runner:connect": "5432,53", "runner:keep-alive": "-1s", "runner:max-concurrency": "0", "runner:isolate": "strict",
	} {
		if got, err := function.SettingsFrom(map[string]string{name: value}); err == nil {
			t.Errorf("%s: %q is %+v", name, value, got)
		}
	}
	if got, err := function.SettingsFrom(map[string]string{"team": "payments"}); err != nil || got.Slots() != 1 {
		t.Errorf("a tag of somebody else's: %+v, %v", got, err)
	}
}

func TestDefaultsAndShares(t *testing.T) {
	c := function.Config{Name: "f", Runtime: "provided.al2023"}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if c.Memory != 128 || c.Timeout != 3*time.Second || c.TmpSize != 512 || c.Version != function.Latest {
		t.Errorf("the defaults are %+v", c)
	}
	for memory, want := range map[int]int{128: 1, 1769: 1, 1770: 2, 10240: 6} {
		if got := function.CPUs(memory); got != want {
			t.Errorf("%d MB get %d processors, want %d", memory, got, want)
		}
	}
}
