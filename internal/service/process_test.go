package service_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"triptych/internal/authority"
	"triptych/internal/child"
	"triptych/internal/porttest"
	"triptych/internal/rpc"
	"triptych/internal/service"
)

// programs are services that this test binary can be, when it is run with the
// name of one in the variable SERVICE.
var programs = map[string]func(){
	"clerk":  func() { service.Main("clerk", clerk, service.Needs("DATABASE_URL", "KAFKA_BROKERS_OF_CLERKS")) },
	"ticker": func() { service.Main("ticker", ticker) },
	"broken": func() { service.Main("broken", broken) },
	"door":   func() { service.Main("door", door, service.HTTP) },
}

func TestMain(m *testing.M) {
	if program := programs[os.Getenv("SERVICE")]; program != nil {
		program()
	}
	os.Exit(m.Run())
}

// A process is a service as a program of its own.
type process struct {
	name  string
	env   []string
	addr  string
	child *child.Process
	out   output
}

// An output is what a process writes, while it does.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start starts the service name, with variables of its own.
func start(t *testing.T, a *authority.Authority, name string, env ...string) *process {
	t.Helper()
	p := &process{name: name, addr: porttest.Addr(t)}
	p.env = append(clean(), "SERVICE="+name, "GRPC_ADDR="+p.addr, "HTTP_ADDR="+p.addr)
	if a != nil {
		p.env = append(p.env, "TLS_DIR="+issue(t, a, name))
	}
	p.env = append(p.env, env...)
	cmd := p.command()
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	var err error
	if p.child, err = child.Start(cmd, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.child.Kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, &p.out)
		}
	})
	return p
}

func (p *process) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = p.env
	return cmd
}

// clean is this process's environment without what services read.
func clean() (env []string) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch {
		case strings.HasSuffix(name, "_ADDR"), strings.HasPrefix(name, "OTEL_"):
		case name == "DATABASE_URL", name == "KAFKA_BROKERS", name == "FAULTS", name == "LOG_LEVEL":
		default:
			env = append(env, variable)
		}
	}
	return env
}

// guard is long: what comes is noticed at once, and machines are busy.
const guard = 2 * time.Minute

// health runs the program with the argument health, as a container would.
func (p *process) health() (ok bool, said string) {
	out, err := p.command("health").CombinedOutput()
	return err == nil, string(out)
}

// await waits until health says what is wanted.
func (p *process) await(t *testing.T, want bool) {
	t.Helper()
	for deadline := time.Now().Add(guard); ; {
		got, said := p.health()
		if got == want {
			return
		}
		select {
		case <-p.child.Done():
			t.Fatalf("%s ended", p.name)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("health is %v after %s, want %v: %s", got, guard, want, said)
		}
	}
}

// end waits for the end and returns the exit code.
func (p *process) end(t *testing.T) int {
	t.Helper()
	select {
	case <-p.child.Done():
	case <-time.After(guard):
		t.Fatalf("%s still runs", p.name)
	}
	err := p.child.Wait()
	if err == nil {
		return 0
	}
	exit, ok := err.(*exec.ExitError)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// dial returns a connection to the service by a caller.
func (p *process) dial(t *testing.T, a *authority.Authority, caller string) *grpc.ClientConn {
	t.Helper()
	id, err := rpc.LoadIdentity(issue(t, a, caller))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := rpc.Dial(id, p.name, p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func newAuthority(t *testing.T) *authority.Authority {
	t.Helper()
	a, err := authority.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *authority.Authority, name string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := a.Issue(dir, name); err != nil {
		t.Fatal(err)
	}
	return dir
}
