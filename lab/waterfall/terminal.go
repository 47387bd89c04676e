package waterfall

import (
	"os"

	"golang.org/x/term"
)

// Terminal returns the width to draw for on f, and whether to use colour: on a
// terminal, unless NO_COLOR is set (see no-color.org). Elsewhere, in a file or
// a pipe, it is 80 columns of plain text.
func Terminal(f *os.File, getenv func(string) string) (width int, color bool) {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 80, false
	}
	return width, getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}
