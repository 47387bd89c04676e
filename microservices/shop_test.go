// Package microservices_test proves the services together: real processes, a real
// database and broker, started as users start them.
package microservices_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"triptych/lab/audit"
	"triptych/lab/client"
	"triptych/lab/launch"
)

// A shop is all services, up, and its manager.
type shop struct {
	*launch.Services
	manager *client.Client
}

// start starts a shop of t's own. What the environment says of databases and
// telemetry is not for it, but for a broker: KAFKA_BROKERS is named by
// TEST_KAFKA_BROKERS.
func start(t *testing.T, change ...func(*launch.Options)) *shop {
	t.Helper()
	root, err := launch.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	o := launch.Options{
		Root: root, Data: t.TempDir(), Addr: "127.0.0.1:0", AnyPort: true,
		Getenv: func(name string) string {
			if name == "KAFKA_BROKERS" {
				return os.Getenv("TEST_KAFKA_BROKERS")
			}
			return ""
		},
		Step: func(string) func(string) { return func(string) {} },
	}
	for _, c := range change {
		c(&o)
	}
	services, err := launch.Microservices(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, p := range services.Processes() {
				t.Logf("%s said:\n%s", p.Name, tail(o.Data+"/logs/"+p.Name+".log", 12))
			}
		}
		services.Stop()
	})
	s := &shop{Services: services, manager: client.New(services.URL)}
	if err := s.manager.SignIn(t.Context(), services.Secrets.ManagerEmail, services.Secrets.ManagerPassword); err != nil {
		t.Fatal(err)
	}
	return s
}

// tail returns the last lines of a file.
func tail(file string, n int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// stocked puts a product with stock on sale.
func (s *shop) stocked(t *testing.T, sku string, n int) {
	t.Helper()
	for _, call := range []client.Call{
		{Method: "PUT", Path: "/v1/products/" + sku, Body: map[string]any{"name": sku, "category": "Test", "price": 250}},
		{Method: "POST", Path: "/v1/products/" + sku + "/stock", Body: map[string]any{"delta": n, "reason": "delivery"}},
	} {
		if _, err := s.manager.Do(t.Context(), call, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// customer returns a client that is signed in as a new customer.
func (s *shop) customer(t *testing.T) *client.Client {
	t.Helper()
	c := client.New(s.URL)
	email, password := strings.ToLower(rand.Text())+"@example.com", rand.Text()
	_, err := c.Do(t.Context(), client.Call{Method: "POST", Path: "/v1/accounts", Body: map[string]string{"email": email, "password": password, "name": "Ada"}}, nil)
	if err == nil {
		err = c.SignIn(t.Context(), email, password)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// placed is what is read of an order.
type placed struct {
	ID     uuid.UUID
	Status string
}

// orderOf is the request of an order under a key.
func orderOf(key, token, sku string, quantity int) client.Call {
	return client.Call{Method: "POST", Path: "/v1/orders", Header: map[string]string{"Idempotency-Key": key}, Body: map[string]any{
		"lines":   []any{map[string]any{"sku": sku, "quantity": quantity}},
		"ship_to": map[string]string{"name": "Ada", "line1": "12 St James's Square", "city": "London", "postcode": "SW1Y 4JH", "country": "GB"},
		"payment": map[string]string{"token": token},
	}}
}

// waiting asks that a call's answer be waited for.
func waiting(c client.Call, seconds int) client.Call {
	header := map[string]string{"Prefer": fmt.Sprintf("wait=%d", seconds)}
	maps.Copy(header, c.Header)
	c.Header = header
	return c
}

// persist makes a call until it is answered: what came of an attempt that failed is
// not known, so it is made again, as it was.
func persist(ctx context.Context, c *client.Client, call client.Call, out any) error {
	for {
		_, err := c.Do(ctx, call, out)
		if err == nil || !passing(err) {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w, and at last: %w", ctx.Err(), err)
		}
	}
}

// passing reports whether a call may go well when it is made again.
func passing(err error) bool {
	p, ok := err.(*client.Problem)
	return !ok || p.Status >= 500 || p.Code == "request_in_progress" || p.Code == "order_pending"
}

// audit waits until nothing is under way any more, for as long as patience, and
// holds the books against the invariants; it returns what is wrong.
func (s *shop) audit(ctx context.Context, patience time.Duration, acknowledged []uuid.UUID) (wrong []string) {
	b, underWay, err := s.settled(ctx, patience)
	if err != nil {
		return []string{err.Error()}
	}
	for _, u := range underWay[:min(len(underWay), 5)] {
		wrong = append(wrong, fmt.Sprintf("still, after %v: %s", patience, u))
	}
	if len(underWay) > 0 {
		return wrong
	}
	for _, v := range b.Violations(acknowledged, func(id uuid.UUID) bool {
		_, err := s.manager.Do(ctx, client.Call{Method: "GET", Path: "/v1/orders/" + id.String()}, nil)
		return err == nil
	}) {
		wrong = append(wrong, v.String())
	}
	return wrong
}

// settled reads the books until nothing is under way, or patience is over.
func (s *shop) settled(ctx context.Context, patience time.Duration) (b *audit.Books, underWay []string, err error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if b, err = audit.Read(ctx, audit.Source{URL: s.AdminURL, Brokers: s.Brokers}); err == nil {
			underWay = b.Settled()
		}
		if err == nil && len(underWay) == 0 || time.Now().After(deadline) {
			return b, underWay, err
		}
	}
}

// audited fails t when the books are not as they should be.
func (s *shop) audited(t *testing.T, patience time.Duration, acknowledged []uuid.UUID) {
	t.Helper()
	for _, w := range s.audit(t.Context(), patience, acknowledged) {
		t.Error(w)
	}
}

// names are the services, by the processes that run.
func (s *shop) names() (names []string) {
	for _, p := range s.Processes() {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}
