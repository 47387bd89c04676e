//go:build compose

// Package compose_test runs the shop in containers, as users do, and holds it
// against the contract. It needs a Docker engine with the compose plugin:
//
//	make compose-test
package compose_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"triptych/conformance"
	"triptych/lab/client"
	"triptych/lab/hops"
)

const (
	managerEmail    = "manager@example.com"
	managerPassword = "correct horse battery"
)

// A project is the shop in containers under a name of its own.
type project struct {
	name    string
	profile string
	env     []string
	url     string // of the shop
	jaeger  string
}

func newProject(t *testing.T, profile string) *project {
	shop, jaeger := freePort(t), freePort(t)
	return &project{
		name:    "triptych-test-" + strings.ToLower(rand.Text()[:8]),
		profile: profile,
		env: append(os.Environ(),
			strings.ToUpper(profile)+"_PORT="+shop, "JAEGER_PORT="+jaeger,
			"MANAGER_EMAIL="+managerEmail, "MANAGER_PASSWORD="+managerPassword,
			"DOCKER_BUILDKIT=1", "COMPOSE_MENU=0"),
		url:    "http://127.0.0.1:" + shop,
		jaeger: "http://127.0.0.1:" + jaeger,
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// compose runs docker compose in the checkout and returns what it says.
func (p *project) compose(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"compose", "--project-name", p.name, "--profile", p.profile}, args...)...)
	cmd.Dir, cmd.Env = "..", p.env
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	return said.String(), err
}

// up starts the project, as a user does, and stops it at the end of t.
func (p *project) up(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { p.down(t) })
	began := time.Now()
	if said, err := p.compose(t.Context(), "build"); err != nil {
		t.Fatalf("docker compose build: %v\n%s", err, said)
	}
	built := time.Now()
	if said, err := p.compose(t.Context(), "up", "--wait", "--wait-timeout", "180"); err != nil {
		logs, _ := p.compose(context.Background(), "logs", "--tail", "20")
		t.Fatalf("docker compose up --wait: %v\n%s\n%s", err, said, logs)
	}
	t.Logf("built in %.0f s, up in %.0f s", built.Sub(began).Seconds(), time.Since(built).Seconds())
}

// down stops the project, and finds nothing of it afterwards.
func (p *project) down(t *testing.T) {
	if t.Failed() {
		logs, _ := p.compose(context.Background(), "logs", "--tail", "50")
		t.Logf("the containers said:\n%s", logs)
	}
	if said, err := p.compose(context.Background(), "down", "--volumes", "--remove-orphans", "--timeout", "15"); err != nil {
		t.Errorf("docker compose down: %v\n%s", err, said)
	}
	for _, list := range [][]string{{"ps", "--all"}, {"volume", "ls"}, {"network", "ls"}} {
		left, err := exec.Command("docker", append(list, "--quiet", "--filter", "label=com.docker.compose.project="+p.name)...).Output()
		if err != nil || len(bytes.TrimSpace(left)) > 0 {
			t.Errorf("docker %s: %v, left behind: %s", strings.Join(list, " "), err, left)
		}
	}
}

func TestTheMonolithInContainers(t *testing.T) {
	p := newProject(t, "monolith")
	p.up(t)
	p.holdsTheContract(t)
	p.traced(t, nil)
}

func TestTheMicroservicesInContainers(t *testing.T) {
	p := newProject(t, "microservices")
	p.up(t)
	p.isClosed(t)
	p.holdsTheContract(t)
	p.traced(t, hops.Order)
}

func (p *project) holdsTheContract(t *testing.T) {
	t.Run("contract", func(t *testing.T) {
		conformance.Run(t, conformance.Target{URL: p.url, Manager: conformance.Credentials{Email: managerEmail, Password: managerPassword}})
	})
}

// isClosed looks at what runs: only the gateway and the page of the traces can be
// reached from outside, and on this machine alone; every program of ours runs
// without privileges.
func (p *project) isClosed(t *testing.T) {
	said, err := p.compose(t.Context(), "ps", "--quiet")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("docker", append([]string{"inspect"}, strings.Fields(said)...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var containers []struct {
		Config struct {
			Labels map[string]string
			User   string
			Image  string
		}
		HostConfig struct {
			ReadonlyRootfs bool
			CapDrop        []string
			Memory         int64
			PidsLimit      int64
		}
		NetworkSettings struct {
			Ports map[string][]struct{ HostIP string }
		}
	}
	if err := json.Unmarshal(out, &containers); err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, c := range containers {
		name := c.Config.Labels["com.docker.compose.service"]
		for _, bound := range c.NetworkSettings.Ports {
			for _, b := range bound {
				if b.HostIP != "127.0.0.1" || name != "gateway" && name != "jaeger" {
					t.Errorf("%s is published at %s", name, b.HostIP)
				}
			}
		}
		if !strings.HasPrefix(c.Config.Image, "triptych/") {
			continue
		}
		ours++
		h := c.HostConfig
		if c.Config.User != "65532" || !h.ReadonlyRootfs || !slices.Contains(h.CapDrop, "ALL") || h.Memory == 0 || h.PidsLimit == 0 {
			t.Errorf("%s runs as user %q, %+v", name, c.Config.User, h)
		}
	}
	if ours < 10 { // nine services, and the keys
		t.Errorf("%d containers of ours run", ours)
	}
}

// traced places an order and looks in Jaeger for its trace, with the hops.
func (p *project) traced(t *testing.T, wanted []hops.Hop) {
	t.Run("trace", func(t *testing.T) {
		id := p.order(t)
		var seen []hops.Hop
		spans := 0
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			seen, spans = p.hops(t, id)
			if spans > 0 && len(hops.Missing(wanted, seen)) == 0 {
				t.Logf("%d spans, with the hops\n%s", spans, hops.List(seen))
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("of trace %s Jaeger has %d spans, without\n%s\nbut with\n%s", id, spans, hops.List(hops.Missing(wanted, seen)), hops.List(seen))
			}
		}
	})
}

// order buys something and returns the trace of that.
func (p *project) order(t *testing.T) (trace string) {
	t.Helper()
	c := client.New(p.url)
	if err := c.SignIn(t.Context(), managerEmail, managerPassword); err != nil {
		t.Fatal(err)
	}
	do := func(out any, call client.Call) http.Header {
		t.Helper()
		header, err := c.Do(t.Context(), call, out)
		if err != nil {
			t.Fatal(err)
		}
		return header
	}
	do(nil, client.Call{Method: "PUT", Path: "/v1/products/TEA", Body: map[string]any{"name": "Tea", "category": "Test", "price": 250}})
	do(nil, client.Call{Method: "POST", Path: "/v1/products/TEA/stock", Body: map[string]any{"delta": 10, "reason": "delivery"}})
	var placed struct{ Status string }
	header := do(&placed, client.Call{
		Method: "POST", Path: "/v1/orders", Header: map[string]string{"Idempotency-Key": rand.Text(), "Prefer": "wait=10"},
		Body: map[string]any{
			"lines":   []any{map[string]any{"sku": "TEA", "quantity": 1}},
			"ship_to": map[string]string{"name": "Ada", "line1": "12 St James's Square", "city": "London", "postcode": "SW1Y 4JH", "country": "GB"},
			"payment": map[string]string{"token": "tok_visa"},
		},
	})
	if placed.Status != "confirmed" {
		t.Fatalf("the order is %s", placed.Status)
	}
	return header.Get("Trace-Id")
}

// hops asks Jaeger's HTTP API for a trace.
func (p *project) hops(t *testing.T, id string) (seen []hops.Hop, spans int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", fmt.Sprintf("%s/api/traces/%s", p.jaeger, id), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, 0 // it may still be starting
	}
	defer answer.Body.Close()
	var found struct {
		Data []struct {
			Spans []struct {
				SpanID, OperationName, ProcessID string
				References                       []struct{ SpanID string } // of whichever kind: messages "follow from"
			}
			Processes map[string]struct{ ServiceName string }
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil || len(found.Data) == 0 {
		return nil, 0
	}
	trace := found.Data[0]
	service := map[string]string{}
	for _, s := range trace.Spans {
		service[s.SpanID] = trace.Processes[s.ProcessID].ServiceName
	}
	for _, s := range trace.Spans {
		for _, ref := range s.References {
			from, to := service[ref.SpanID], service[s.SpanID]
			if from != "" && from != to {
				seen = append(seen, hops.Hop{From: from, To: to, What: s.OperationName})
			}
		}
	}
	return seen, len(trace.Spans)
}
