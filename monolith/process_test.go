package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"triptych/internal/child"
	"triptych/internal/porttest"
	"triptych/lab/client"
)

const (
	managerEmail    = "manager@example.com"
	managerPassword = "correct horse battery"
)

// binary builds the monolith as users do, once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "triptych-monolith-")
	if err != nil {
		return "", err
	}
	if err := child.RemoveAtEnd(dir); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "monolith")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// A process is the monolith as a program of its own, which tests may kill.
type process struct {
	url, database string
	log           *os.File
	child         *child.Process
}

// run starts the monolith on a database, at a port of its own.
func startProcess(t *testing.T, database string) *process {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{database: database, log: log, url: "http://" + porttest.Addr(t)}
	p.start(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		p.child.Stop(ctx)
		if t.Failed() {
			out, _ := os.ReadFile(log.Name())
			t.Logf("the monolith said:\n%s", out)
		}
		_ = log.Close()
	})
	return p
}

// start starts the program, again after it was killed, and waits until it is ready.
func (p *process) start(t *testing.T) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.Env = append(os.Environ(),
		"DATABASE_URL="+p.database, "HTTP_ADDR="+strings.TrimPrefix(p.url, "http://"),
		"MANAGER_EMAIL="+managerEmail, "MANAGER_PASSWORD="+managerPassword,
		"TOKEN_SEED="+base64.StdEncoding.EncodeToString(make([]byte, 32)), // tokens outlive a crash
	)
	if p.child, err = child.Start(cmd, 0); err != nil {
		t.Fatal(err)
	}
	p.awaitReady(t)
}

func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		answer, err := http.Get(p.url + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-p.child.Done():
			out, _ := os.ReadFile(p.log.Name())
			t.Fatalf("the monolith ended:\n%s", out)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the monolith was not ready in 2 minutes")
		}
	}
}

// manager returns a client that is signed in as the manager.
func (p *process) manager(t *testing.T) *client.Client {
	t.Helper()
	c := client.New(p.url)
	if err := c.SignIn(t.Context(), managerEmail, managerPassword); err != nil {
		t.Fatal(err)
	}
	return c
}

// stocked puts a product with stock on sale.
func stocked(t *testing.T, c *client.Client, sku string, n int) {
	t.Helper()
	for _, call := range []client.Call{
		{Method: "PUT", Path: "/v1/products/" + sku, Body: map[string]any{"name": sku, "category": "Test", "price": 250}},
		{Method: "POST", Path: "/v1/products/" + sku + "/stock", Body: map[string]any{"delta": n, "reason": "delivery"}},
	} {
		if _, err := c.Do(t.Context(), call, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// orderCall is the request of an order under a key.
func orderCall(key string, lines ...any) client.Call {
	items := []map[string]any{}
	for i := 0; i < len(lines); i += 2 {
		items = append(items, map[string]any{"sku": lines[i], "quantity": lines[i+1]})
	}
	return client.Call{Method: "POST", Path: "/v1/orders", Header: map[string]string{"Idempotency-Key": key}, Body: map[string]any{
		"lines":   items,
		"ship_to": map[string]string{"name": "Ada", "line1": "12 St James's Square", "city": "London", "postcode": "SW1Y 4JH", "country": "GB"},
		"payment": map[string]string{"token": "tok_visa"},
	}}
}
