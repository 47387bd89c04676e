package waterfall

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// clean makes a name safe to print: it comes from outside and must not steer
// the terminal or break the line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // controls, and marks that turn the direction of writing
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "·"))
}

// columns is how many columns s takes on a terminal.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens s to n columns, with an ellipsis if something is lost.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	used := 1
	var b strings.Builder
	for _, r := range s {
		if used += runeColumns(r); used > n {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

func pad(s string, n int) string     { return s + strings.Repeat(" ", max(n-columns(s), 0)) }
func padLeft(s string, n int) string { return strings.Repeat(" ", max(n-columns(s), 0)) + s }

// A painter colours, or not. It uses colours that can be read on dark and on
// light, and never colour alone: errors have a mark as well.
type painter struct {
	on       bool
	services []string
}

// hues are cyan, magenta, green and blue; red is for errors, and yellow cannot
// be read on white.
var hues = []int{36, 35, 32, 34}

func (p painter) sgr(code int, s string) string {
	if !p.on || s == "" {
		return s
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, s)
}

func (p painter) bold(s string) string { return p.sgr(1, s) }
func (p painter) red(s string) string  { return p.sgr(31, s) }

func (p painter) bar(s string, r row) string {
	if r.failed {
		return p.red(s)
	}
	i := slices.IndexFunc(p.services, func(name string) bool { return clean(name) == r.service })
	return p.sgr(hues[max(i, 0)%len(hues)], s)
}
