package rest

import "testing"

func TestMatches(t *testing.T) {
	const tag = `"abc"`
	for _, test := range []struct {
		header []string
		want   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{`"abc"`}, true},
		{[]string{`W/"abc"`}, true},
		{[]string{`"x", W/"y" ,"abc"`}, true},
		{[]string{`"x"`, `"abc"`}, true},
		{[]string{`*`}, true},
		{[]string{`"abcd"`}, false},
		{[]string{`abc`}, false},
		{[]string{`w/"abc"`}, false}, // the W has one case
	} {
		if got := Matches(test.header, tag); got != test.want {
			t.Errorf("%q: %v, want %v", test.header, got, test.want)
		}
	}
}
