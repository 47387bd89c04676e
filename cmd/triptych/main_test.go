package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"triptych/internal/child"
	"triptych/internal/postgres/pgtest"
)

func TestWhatIsWrongIsSaidInASentence(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port := strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)
	for _, c := range []struct {
		name  string
		args  []string
		env   string
		want  string
		usage bool // exit code 2
	}{
		{"command", []string{"dance"}, "", `there is no command "dance"`, true},
		{"flag", []string{"--prot", "80"}, "", "not defined: -prot", true},
		{"number", []string{"up", "monolith", "--port", "x"}, "", "invalid value", true},
		{"port", []string{"--port", "70000"}, "", "--port must be 1 to 65535", true},
		{"scale", []string{"--scale", "0"}, "", "--scale must be 1 to 1000", true},
		{"variable", []string{}, "SCALE=many", "SCALE must be a whole number", true},
		{"architecture", []string{"up"}, "", "say which architecture", true},
		{"more", []string{"doctor", "please"}, "", `"please" is not expected`, true},
		{"url", []string{"check"}, "", "--url must be the shop's address", true},
		{"password", []string{"check", "--url", "http://127.0.0.1:1", "--manager", "x"}, "", "--manager and --password go together", true},
		{"nobody there", []string{"check", "--url", "http://127.0.0.1:1"}, "", "ask the shop what it is", false},
		{"nothing runs", []string{"rebuild-reports", "--data", t.TempDir()}, "", "no microservices run here", false},
		{"busy", []string{"--port", port, "--data", t.TempDir()}, "", "--port: port " + port + " is in use", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			getenv := func(name string) string {
				value, _ := strings.CutPrefix(c.env, name+"=")
				if value == c.env {
					return ""
				}
				return value
			}
			err := run(t.Context(), c.args, getenv, &screen{w: &bytes.Buffer{}, width: 80})
			var wrong usageError
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &wrong) != c.usage {
				t.Errorf("got %v (usage error: %v), want %q", err, errors.As(err, &wrong), c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

// program builds the command as users do.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "triptych-")
	if err != nil {
		return "", err
	}
	if err := child.RemoveAtEnd(dir); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "triptych")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// A session is the program at work, as in a terminal.
type session struct {
	cmd  *exec.Cmd
	out  *output
	done chan error
}

// output collects what a program prints; its readers wait for a text.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	wrote chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	select {
	case o.wrote <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func startSession(t *testing.T, args ...string) *session {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	s := &session{cmd: exec.Command(path, args...), out: &output{wrote: make(chan struct{}, 1)}, done: make(chan error, 1)}
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

// await waits until the program has printed a text.
func (s *session) await(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	for !strings.Contains(s.out.String(), text) {
		select {
		case <-s.out.wrote:
		case err := <-s.done:
			t.Fatalf("ended (%v) before it said %q:\n%s", err, text, s.out)
		case <-ctx.Done():
			t.Fatalf("did not say %q:\n%s", text, s.out)
		}
	}
}

// end waits for the end of the program and returns how it ended.
func (s *session) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(2 * time.Minute):
		t.Fatalf("still running:\n%s", s.out)
		return nil
	}
}

// relativesOf returns the processes that a process has started, and theirs.
func relativesOf(t *testing.T, pid int) []int {
	t.Helper()
	out, err := exec.Command("ps", "-e", "-o", "pid=,ppid=").Output()
	if err != nil {
		t.Fatal(err)
	}
	children := map[int][]int{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 2 {
			child, _ := strconv.Atoi(f[0])
			parent, _ := strconv.Atoi(f[1])
			children[parent] = append(children[parent], child)
		}
	}
	var all []int
	for queue := children[pid]; len(queue) > 0; queue = queue[1:] {
		all = append(all, queue[0])
		queue = append(queue, children[queue[0]]...)
	}
	return all
}

func awaitGone(t *testing.T, pids []int) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var left []int
		for _, pid := range pids {
			if alive(pid) {
				left = append(left, pid)
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running: %v", left)
		}
	}
}

// alive reports whether a process runs; one that has ended and that nobody has
// waited for does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

// A shop whose database was killed would else answer 503 for ever, and its
// terminal would say nothing. A shop that was killed itself is gone for good,
// with all that belongs to it.
func TestADatabaseThatEndsIsStartedAgain(t *testing.T) {
	data := filepath.Join(pgtest.Folder(t), "data")
	s := startSession(t, "up", "monolith", "--data", data)
	s.await(t, "Ctrl-C stops everything")
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(s.out.String())
	note, err := os.ReadFile(filepath.Join(data, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(note), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.await(t, "runs again")
	status := 0 // connections of before are found broken, one by one
	for deadline := time.Now().Add(10 * time.Second); status != http.StatusOK && time.Now().Before(deadline); {
		answer, err := http.Get(url + "/v1/products")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		status = answer.StatusCode
	}
	if status != http.StatusOK {
		t.Errorf("the shop answers %d:\n%s", status, s.out)
	}

	relatives := relativesOf(t, s.cmd.Process.Pid)
	if err := exec.Command("pkill", "-KILL", "-P", strconv.Itoa(s.cmd.Process.Pid), "monolith").Run(); err != nil {
		t.Fatal(err)
	}
	if err := s.end(t); err == nil || !strings.Contains(s.out.String(), "the monolith has ended: signal: killed") {
		t.Errorf("after kill -9 of the monolith: %v\n%s", err, s.out)
	}
	awaitGone(t, relatives)
}

func TestTheDemo(t *testing.T) {
	data := filepath.Join(pgtest.Folder(t), "data")
	s := startSession(t, "--data", data)
	s.await(t, "Ctrl-C stops everything")
	for _, want := range []string{
		"ada has ordered the same in each",
		"Inside the monolith: confirmed after", "POST /v1/orders", "INSERT orders",
		"Inside the microservices: confirmed after", "Stock/Reserve", "process orders",
		"Side by side", "Where to look next: microservices",
	} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("the demo does not say %q:\n%s", want, s.out)
		}
	}
	urls := regexp.MustCompile(`ready at (http://127\.0\.0\.1:\d+)`).FindAllStringSubmatch(s.out.String(), -1)
	if len(urls) != 2 {
		t.Fatalf("shops are ready at %v:\n%s", urls, s.out)
	}
	for _, url := range urls {
		answer, err := http.Get(url[1] + "/v1/products")
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
	}
	if shown := say(t, "ps", "--data", data); !strings.Contains(shown, "all 9 services") || !strings.Contains(shown, "  monolith  ") {
		t.Errorf("ps says:\n%s", shown)
	}
	if said := say(t, "rebuild-reports", "--data", data); !strings.Contains(said, "are being made again") {
		t.Errorf("rebuild-reports says:\n%s", said)
	}
	target, err := readTarget(t.Context(), []string{"--url", urls[1][1], "--data", data}, func(string) string { return "" })
	if err != nil || target.Manager.Email != "manager@example.com" || target.Manager.Password == "" {
		t.Errorf("check would go as %+v, %v", target.Manager, err)
	}

	second := startSession(t, "--data", data)
	if err := second.end(t); err == nil || !strings.Contains(second.out.String(), "in use") {
		t.Errorf("a second run on the same folder: %v\n%s", err, second.out)
	}

	relatives := relativesOf(t, s.cmd.Process.Pid)
	if len(relatives) < 13 {
		t.Fatalf("found %v, want at least the monolith, nine services, a broker and two databases", relatives)
	}
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := s.end(t); err != nil {
		t.Errorf("Ctrl-C: %v\n%s", err, s.out)
	}
	awaitGone(t, relatives)
	if shown := say(t, "ps", "--data", data); !strings.Contains(shown, "Nothing runs here") {
		t.Errorf("ps says:\n%s", shown)
	}
	for _, architecture := range []string{monolith, microservices} {
		killUp(t, architecture, filepath.Join(data, architecture))
	}
}

// killUp starts an architecture again, on the data of the demo, and kills it, as
// kill -9 does. Nothing may stay behind.
func killUp(t *testing.T, architecture, data string) {
	s := startSession(t, "up", architecture, "--data", data)
	s.await(t, "Ctrl-C stops everything")
	if !strings.Contains(s.out.String(), "the shop is full already") {
		t.Errorf("the second start fills the shop again:\n%s", s.out)
	}
	relatives := relativesOf(t, s.cmd.Process.Pid)
	if len(relatives) < 2 {
		t.Fatalf("found %v, want at least the database and the shop", relatives)
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, relatives)
	if shown := say(t, "ps", "--data", data); !strings.Contains(shown, "Nothing runs here") {
		t.Errorf("after kill -9, ps says:\n%s", shown)
	}
}

// say returns what the program prints that ends by itself.
func say(t *testing.T, args ...string) string {
	t.Helper()
	s := startSession(t, args...)
	if err := s.end(t); err != nil {
		t.Errorf("triptych %s: %v\n%s", strings.Join(args, " "), err, s.out)
	}
	return s.out.String()
}
