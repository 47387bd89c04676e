package launch

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"triptych/internal/child"
)

// A Line is something that a user should know of.
type Line struct {
	Process string
	Level   slog.Level
	Text    string
}

// remembered is how many of a process's last lines are kept in memory: enough
// for a complaint of several, and for the head of a panic.
const remembered = 100

// A journal is what one process says: all of it goes into a file, and what a
// user should know of to say.
type journal struct {
	name string
	file *os.File
	say  func(Line)

	lines *child.Lines // of the process that runs
	mu    sync.Mutex
	last  []string // since it was started
}

// openJournal begins a new file. What the run before said is kept under another
// name.
func openJournal(data, name string, say func(Line)) (*journal, error) {
	path := journalFile(data, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	_ = os.Rename(path, path+".1") // there may be none
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("the log cannot be written: %w", err)
	}
	return &journal{name: name, file: file, say: say}, nil
}

func journalFile(data, name string) string { return filepath.Join(data, "logs", name+".log") }

// run starts a program that writes into the journal. Files that it inherits are
// closed here.
func (j *journal) run(cmd *exec.Cmd) (*child.Process, error) {
	j.mu.Lock()
	j.last = nil
	j.mu.Unlock()
	j.lines = child.NewLines(j.line)
	cmd.Stdout, cmd.Stderr = j.lines, j.lines
	p, err := child.Start(cmd, 0)
	for _, f := range cmd.ExtraFiles {
		_ = f.Close()
	}
	return p, err
}

func (j *journal) line(text string) {
	_, _ = fmt.Fprintln(j.file, text) // a full disk is told by those who need it
	j.mu.Lock()
	j.last = append(j.last, text)
	if len(j.last) > remembered {
		j.last = slices.Delete(j.last, 0, 1)
	}
	j.mu.Unlock()
	if l, ok := worthSaying(text); ok {
		l.Process = j.name
		j.say(l)
	}
}

// note adds a line of our own.
func (j *journal) note(level slog.Level, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	_, _ = fmt.Fprintln(j.file, "triptych:", text)
	j.say(Line{j.name, level, text})
}

// lastWords is why the process ended: its complaint, or the signal that gave it
// no time to say anything.
func (j *journal) lastWords(err error) string {
	if j.lines != nil {
		j.lines.Flush()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return lastWords(j.name, j.last, err)
}

func (j *journal) close() { _ = j.file.Close() }

// lastWords is, in one line, why a process of that name ended which said these
// lines at last.
func lastWords(name string, said []string, err error) string {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && !exit.Exited() {
		return exit.Error()
	}
	for i, line := range slices.Backward(said) {
		if complaint, ok := strings.CutPrefix(line, name+": "); ok { // of one line or more
			return strings.Join(strings.Fields(complaint+" "+strings.Join(said[i+1:], " ")), " ")
		}
	}
	for _, line := range said {
		if fatal(line) { // the goroutines follow
			return line
		}
	}
	for _, line := range slices.Backward(said) {
		if l, ok := readLine(line); ok {
			return l.Text
		}
		if line != "" {
			return line
		}
	}
	if err != nil {
		return err.Error()
	}
	return "it said nothing"
}

func fatal(line string) bool {
	return strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")
}

// worthSaying picks warnings and errors.
func worthSaying(text string) (Line, bool) {
	if fatal(text) {
		return Line{Level: slog.LevelError, Text: text}, true
	}
	l, ok := readLine(text)
	return l, ok && l.Level >= slog.LevelWarn
}

// readLine reads a line of slog's JSON for people: the message, and what
// belongs to it.
func readLine(text string) (l Line, ok bool) {
	var fields map[string]any
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &fields) != nil {
		return l, false
	}
	level, _ := fields["level"].(string)
	if l.Level.UnmarshalText([]byte(level)) != nil {
		return l, false
	}
	l.Text, _ = fields["msg"].(string)
	for _, name := range []string{"time", "level", "msg", "trace_id", "span_id"} {
		delete(fields, name)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		l.Text += fmt.Sprintf(" %s=%v", name, fields[name])
	}
	return l, true
}
