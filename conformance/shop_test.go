package conformance

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"triptych/internal/child"
	"triptych/internal/porttest"
	"triptych/internal/postgres/pgtest"
)

// boss is the manager of the shops that tests start.
var boss = Credentials{"manager@example.com", "a manager's password"}

// scratch is a folder for as long as the tests run.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "triptych-conformance-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// program builds the monolith as users do, once for all tests.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "monolith")
	if out, err := exec.Command("go", "build", "-o", path, "triptych/monolith").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// startShop starts the monolith on a database of t's own and returns its URL.
func startShop(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	addr := porttest.Addr(t)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "DATABASE_URL="+pgtest.URL(t), "HTTP_ADDR="+addr,
		"MANAGER_EMAIL="+boss.Email, "MANAGER_PASSWORD="+boss.Password)
	p, err := child.Start(cmd, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		p.Stop(ctx)
		if out, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the shop said:\n%s", out[max(0, len(out)-4000):])
		}
		_ = log.Close()
	})
	awaitReady(t, "http://"+addr, p)
	return "http://" + addr
}

func awaitReady(t *testing.T, url string, p *child.Process) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if resp, err := http.Get(url + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-p.Done():
			t.Fatal("the shop ended at once")
		default:
		}
	}
	t.Fatal("the shop was not ready in 2 minutes")
}

// TestMonolith proves the whole contract on the monolith.
func TestMonolith(t *testing.T) {
	Run(t, Target{URL: startShop(t), Manager: boss})
}
