package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"triptych/lab/launch"
)

// A screen is where the user reads: a terminal, or a file.
type screen struct {
	w     io.Writer
	width int  // columns
	color bool // the terminal has colours and nobody asked for none (https://no-color.org)
	live  bool // a line can be written again

	mu    sync.Mutex
	row   string   // the live line, which is written again below whatever else is
	begun []func() // each ends the line of a step; again does nothing
}

// anew goes to the beginning of the line and erases it.
const anew = "\r\x1b[K"

func newScreen(f *os.File) *screen {
	s := &screen{w: f, width: 100}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		s.live = true
		s.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		s.width = width
	}
	return s
}

func (s *screen) print(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if s.row != "" && strings.HasSuffix(text, "\n") {
		text = anew + text + s.row
	}
	_, _ = io.WriteString(s.w, text)
}

// show makes text the live line; none ends it.
func (s *screen) show(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.row = text
	_, _ = io.WriteString(s.w, anew+text)
}

func (s *screen) bold(text string) string { return s.paint("1", text) }
func (s *screen) dim(text string) string  { return s.paint("2", text) }

func (s *screen) paint(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// step says that something begins. On a terminal the line counts the seconds
// until it is done, so that nobody wonders whether anything happens; elsewhere
// a line says what was done.
func (s *screen) step(what string) (done func(result string)) {
	begun := time.Now()
	if !s.live {
		return func(result string) { s.finish(result, what, begun) }
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		s.show("  … " + what)
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				s.show("  … " + what + " " + s.dim(fmt.Sprintf("%.0f s", time.Since(begun).Seconds())))
			}
		}
	})
	end := sync.OnceFunc(func() {
		close(stop)
		wg.Wait()
		s.show("")
	})
	s.mu.Lock()
	s.begun = append(s.begun, end)
	s.mu.Unlock()
	return func(result string) {
		end()
		s.finish(result, what, begun)
	}
}

// abandon ends the lines of steps that failed, so that what is said next has a
// line of its own.
func (s *screen) abandon() {
	s.mu.Lock()
	begun := s.begun
	s.begun = nil
	s.mu.Unlock()
	for _, end := range begun {
		end()
	}
}

func (s *screen) finish(result, what string, begun time.Time) {
	if result == "" {
		result = what
	}
	took := time.Since(begun)
	note := ""
	if took > 50*time.Millisecond {
		note = s.dim(fmt.Sprintf("  %.1f s", took.Seconds()))
	}
	s.print("  %s %s%s\n", s.paint("32", "✓"), result, note)
}

// say tells what a process says that a user should know of, on one line: the log
// has all of it.
func (s *screen) say(l launch.Line) {
	mark, colour := "!", "33"
	if l.Level >= slog.LevelError {
		mark, colour = "✗", "31"
	}
	text := fmt.Sprintf("%s %-10s %s", mark, l.Process, plain(strings.Join(strings.Fields(l.Text), " ")))
	if cut := []rune(text); s.live && len(cut) > s.width-3 {
		text = string(cut[:s.width-4]) + "…"
	}
	s.print("  %s\n", s.paint(colour, text))
}

// plain makes something from elsewhere fit for a line: what would move the
// cursor or begin another line is replaced.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}

// ready tells of a process that is ready.
func (s *screen) ready(p launch.Process) {
	s.print("  %s %-10s %-22s %s\n", s.paint("32", "✓"), p.Name, p.Addr, s.dim(fmt.Sprintf("process %d", p.Pid)))
}

// heading begins a part of the output.
func (s *screen) heading(text string) { s.print("\n%s\n", s.bold(text)) }

// table prints rows in aligned columns, those named in right to the right.
func (s *screen) table(right map[int]bool, rows ...[]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if right[i] {
				cell, pad = pad+cell, ""
			}
			line.WriteString("  " + cell + pad)
		}
		s.print("%s\n", strings.TrimRight(line.String(), " "))
	}
}
