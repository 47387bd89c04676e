package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"triptych/faas/console"
	"triptych/internal/child"
)

// A program is the command as it is built, and its environment.
type program struct {
	path string
	env  []string
}

// run runs a command and returns its exit code.
func (p program) run(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	cmd := exec.Command(p.path, args...)
	var o, e bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &o, &e
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return o.String(), e.String(), code
}

// TestThreeCommandsFromAGoFileToAnAnswer runs the program as the first page of
// its documentation does, with a key.
func TestThreeCommandsFromAGoFileToAnAnswer(t *testing.T) {
	dir := t.TempDir()
	p := program{path: filepath.Join(dir, "faas"), env: append(os.Environ(), "RUNNER_ACCESS_KEY=key", "RUNNER_SECRET_KEY=secret")}
	if out, err := exec.Command("go", "build", "-o", p.path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server, url := p.serve(t, dir)
	to := []string{"--endpoint", url}
	hello, err := filepath.Abs("../../faas/examples/hello")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir) // where deploy keeps what it has built
	for _, c := range []struct {
		args     []string
		out, err string
		code     int
	}{
		{[]string{"deploy", "hello", hello}, "hello: created (", "", 0},
		{[]string{"invoke", "hello", `{"name":"Ada"}`}, `{"greeting":"Hello, Ada!"}` + "\n", "", 0},
		{[]string{"invoke", "hello", `{}`}, `{"errorMessage":"say whom to greet: {\"name\": \"Ada\"}","errorType":"errorString"}` + "\n",
			"faas: hello failed: say whom to greet: {\"name\": \"Ada\"} (errorString)\n", 1},
		{[]string{"invoke", "hello", `{`}, "", "faas: the event is not JSON", 2},
		{[]string{"stats"}, "FUNCTION ", "", 0},
		{[]string{"logs", "hello"}, "20", "", 0},
	} {
		out, errs, code := p.run(t, append(c.args, to...)...)
		if code != c.code || !strings.HasPrefix(out, c.out) || !strings.HasPrefix(errs, c.err) {
			t.Errorf("faas %s: exit code %d\n%s%s", strings.Join(c.args, " "), code, out, errs)
		}
	}
	for _, stranger := range [][]string{{"list"}, {"stats"}, {"logs", "hello"}} {
		p := program{p.path, []string{"PATH=" + os.Getenv("PATH")}}
		if _, errs, code := p.run(t, append(stranger, to...)...); code != 1 || !strings.Contains(errs, "token") {
			t.Errorf("faas %v without the key: exit code %d, %s", stranger, code, errs)
		}
	}
	health(t, url)
	end(t, server)

	server, url = p.serve(t, dir)
	out, errs, code := p.run(t, "stats", "hello", "--json", "--endpoint", url)
	var all console.Stats
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("exit code %d: %v\n%s", code, err, errs)
	}
	if len(all.Functions) != 1 || all.Functions[0].Invocations != 2 || all.Functions[0].Errors != 1 {
		t.Errorf("after a restart the figures are %+v", all.Functions)
	}
	end(t, server)
}

// serve starts a runner that keeps its data in dir, and returns its address.
func (p program) serve(t *testing.T, dir string) (*child.Process, string) {
	t.Helper()
	address := make(chan string, 1)
	lines := child.NewLines(func(line string) {
		t.Log(line)
		if _, after, ok := strings.Cut(line, "API at "); ok {
			address <- strings.Fields(after)[0]
		}
	})
	cmd := exec.Command(p.path, "serve", "--addr", "127.0.0.1:0", "--data", "data", "--isolation", "basic")
	cmd.Dir = dir
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, lines, lines
	server, err := child.Start(cmd, syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	select {
	case url := <-address:
		return server, url
	case <-server.Done():
		t.Fatal(server.Wait())
	}
	return nil, ""
}

// health asks what anybody may: whether the runner is up, and how it isolates.
func health(t *testing.T, url string) {
	t.Helper()
	answer, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var h console.Health
	if err := json.NewDecoder(answer.Body).Decode(&h); err != nil {
		t.Fatal(err)
	}
	if h.Status != "ok" || h.Isolation != "basic" || len(h.Measures) == 0 {
		t.Errorf("got %+v", h)
	}
}

// end asks the runner to end, which it does, and well.
func end(t *testing.T, server *child.Process) {
	t.Helper()
	if err := syscall.Kill(server.Pid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-server.Done():
		if err := server.Wait(); err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		t.Error("the runner does not end")
	}
}
