package waterfall

import "strings"

// left are the blocks that fill a cell from the left, by eighths.
var left = []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"}

// drawBar returns a row's bar and how many cells come before it. Ends are drawn
// to an eighth of a cell. Starts can only be drawn to about a third: of blocks
// that fill from the right there are a half and an eighth.
func (c *chart) drawBar(r row) (cells int, bar string) {
	from, to := 0, 1
	if c.length > 0 {
		eighth := float64(c.length) / float64(8*c.bar)
		from = min(int(float64(r.from)/eighth), 8*c.bar-1)
		to = min(max(int(float64(r.to)/eighth+0.5), from+1), 8*c.bar)
	}
	first, last := from/8, (to-1)/8
	if r.folded {
		return first, strings.Repeat("░", last-first+1)
	}
	if first == last {
		return first, sliver(from%8, to-from)
	}
	return first, fillRight(8-from%8) + strings.Repeat("█", last-first-1) + left[(to-1)%8+1]
}

// fillRight draws a cell whose last eighths are filled.
func fillRight(eighths int) string {
	switch {
	case eighths >= 6:
		return "█"
	case eighths >= 3:
		return "▐"
	}
	return "▕"
}

// sliver draws a bar within one cell.
func sliver(from, eighths int) string {
	if from < 4 {
		return left[eighths]
	}
	if eighths >= 3 {
		return "▐"
	}
	return "▕"
}
