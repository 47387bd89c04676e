package account

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/domain/fault"
)

func TestEmailAddresses(t *testing.T) {
	long := strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 95) + "com" // 254 bytes
	for s, ok := range map[string]bool{
		"ada@example.com": true, "Ada@Example.COM": true, "a+b@example.co.uk": true, "é@example.com": true, long: true,
		"": false, "ada": false, "ada@": false, "@example.com": false, "ada@example.com ": false, " ada@example.com": false,
		"Ada <ada@example.com>": false, "<ada@example.com>": false, "ada@example.com (work)": false,
		"ada@example.com, bob@example.com": false, "ada@example.com\n": false, "a\x00@example.com": false, "\xff@example.com": false,
		"a" + long: false,
	} {
		if ValidEmail(s) != ok {
			t.Errorf("%q (%d bytes): %v, want %v", s, len(s), !ok, ok)
		}
	}
}

func TestAddressesThatDifferInCaseAreOne(t *testing.T) {
	for _, s := range []string{"ada@example.com", "ADA@EXAMPLE.COM", "Ada@Example.com"} {
		if got := FoldEmail(s); got != "ada@example.com" {
			t.Errorf("%s: got %s", s, got)
		}
	}
	if FoldEmail("É@example.com") != FoldEmail("é@example.com") {
		t.Error("É and é are two")
	}
}

func TestWhatANewAccountNeeds(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*New)
		want   []string // pointers to what is wrong
	}{
		"a good one":                {func(n *New) {}, nil},
		"a password of 9 letters":   {func(n *New) { n.Password = strings.Repeat("é", 9) }, []string{"/password"}},
		"a password of 10 letters":  {func(n *New) { n.Password = strings.Repeat("é", 10) }, nil},
		"a password of 128 letters": {func(n *New) { n.Password = strings.Repeat("é", 128) }, nil},
		"a password of 129 letters": {func(n *New) { n.Password = strings.Repeat("é", 129) }, []string{"/password"}},
		"no name":                   {func(n *New) { n.Name = "" }, []string{"/name"}},
		"a name of 101 letters":     {func(n *New) { n.Name = strings.Repeat("é", 101) }, []string{"/name"}},
		"no e-mail address":         {func(n *New) { n.Email = "ada" }, []string{"/email"}},
		"nothing":                   {func(n *New) { *n = New{} }, []string{"/email", "/password", "/name"}},
	} {
		n := New{Email: "ada@example.com", Password: "correct horse battery", Name: "Ada"}
		c.change(&n)
		var got []string
		f := fault.From(n.Validate())
		if f != nil {
			for _, field := range f.Fields {
				got = append(got, field.Pointer)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
