package child

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		writes, want []string
	}{
		"whole":            {[]string{"a\nb\n"}, []string{"a", "b"}},
		"in pieces":        {[]string{"a", "b\n", "c\nd"}, []string{"ab", "c", "d"}},
		"empty":            {[]string{"\n\n"}, []string{"", ""}},
		"of another world": {[]string{"a\r\n"}, []string{"a"}},
		"endless":          {[]string{strings.Repeat("x", longest), "y\n"}, []string{strings.Repeat("x", longest), "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			l := NewLines(func(s string) { got = append(got, s) })
			for _, w := range c.writes {
				fmt.Fprint(l, w)
			}
			l.Flush()
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}
