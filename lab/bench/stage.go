package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/lab/client"
	"triptych/lab/launch"
)

// A stage is what is measured: the monolith with its database, its products
// and a customer.
type stage struct {
	settings
	options launch.Options
	shop    *launch.Running
	addr    string // of the shop
	debug   string // address of its profiles
	token   string // of the customer
	out     io.Writer
}

// setUp starts a shop with data of its own and fills it.
func setUp(ctx context.Context, s settings, out io.Writer) (*stage, error) {
	root, err := launch.FindRoot()
	if err != nil {
		return nil, err
	}
	if s.data == "" {
		s.data = filepath.Join(root, ".triptych", "bench")
	}
	st := &stage{settings: s, debug: freeAddr(), out: out}
	st.options = launch.Options{
		Root: root, Data: s.data, Addr: "127.0.0.1:0", Fresh: true,
		Getenv: func(string) string { return "" }, // a database, a manager and a receiver of our own
		Step:   st.step,
		Env:    []string{"DEBUG_ADDR=" + st.debug, telemetry(s.telemetry)},
	}
	if st.shop, err = launch.Monolith(ctx, st.options); err != nil {
		return nil, err
	}
	st.addr = strings.TrimPrefix(st.shop.URL, "http://")
	if err := st.fill(ctx); err != nil {
		st.shop.Stop()
		return nil, err
	}
	return st, nil
}

// freeAddr returns an address of the loopback interface that is free just now.
func freeAddr() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0" // the program says what is wrong
	}
	defer l.Close()
	return l.Addr().String()
}

func telemetry(on bool) string { return fmt.Sprintf("OTEL_SDK_DISABLED=%t", !on) }

func (st *stage) step(string) func(string) {
	begun := time.Now()
	return func(result string) {
		if result != "" {
			fmt.Fprintf(st.out, "%s (%.1f s)\n", result, time.Since(begun).Seconds())
		}
	}
}

// again starts the program anew, with more in its environment. The database
// stays.
func (st *stage) again(ctx context.Context, env ...string) error {
	st.shop.Kill()
	o := st.options
	o.Env = slices.Concat(o.Env, env) // of two of one name the last one counts
	return st.shop.Restart(ctx, o)
}

// sku names product n. All names are equally long, so that they sort as their
// numbers do.
func sku(n int) string { return fmt.Sprintf("%s%d", skuPrefix, skuBase+n) }

const (
	skuPrefix = "BENCH-"
	skuBase   = 10_000

	maxProducts = 80_000
)

// stocked is more than any run can sell of one product.
const stocked = 1_000_000

// fill makes the products, which are all alike but for their names, and a
// customer.
func (st *stage) fill(ctx context.Context) error {
	done := st.step("")
	manager := client.New("http://" + st.addr)
	if err := manager.SignIn(ctx, st.shop.Secrets.ManagerEmail, st.shop.Secrets.ManagerPassword); err != nil {
		return fmt.Errorf("sign in as the manager: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for n := range st.products {
		g.Go(func() error { return addProduct(ctx, manager, sku(n)) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("make products: %w", err)
	}
	done(fmt.Sprintf("made %d products", st.products))
	return st.addCustomer(context.WithoutCancel(ctx))
}

func addProduct(ctx context.Context, manager *client.Client, sku string) error {
	product := map[string]any{"name": "Bench", "description": "Made to be measured", "category": "bench", "price": 1999}
	if _, err := manager.Do(ctx, client.Call{Method: "PUT", Path: "/v1/products/" + sku, Body: product}, nil); err != nil {
		return err
	}
	more := map[string]any{"delta": stocked, "reason": "bench"}
	_, err := manager.Do(ctx, client.Call{Method: "POST", Path: "/v1/products/" + sku + "/stock", Body: more}, nil)
	return err
}

func (st *stage) addCustomer(ctx context.Context) error {
	const email, password = "bench@example.com", "bench-bench-bench"
	customer := client.New("http://" + st.addr)
	account := map[string]string{"email": email, "password": password, "name": "Bench"}
	if _, err := customer.Do(ctx, client.Call{Method: "POST", Path: "/v1/accounts", Body: account}, nil); err != nil {
		return fmt.Errorf("make a customer: %w", err)
	}
	if err := customer.SignIn(ctx, email, password); err != nil {
		return fmt.Errorf("sign in as the customer: %w", err)
	}
	st.token = customer.Token
	return nil
}

// postmaster is the process id of the database server, whose children serve
// its connections.
func (st *stage) postmaster() (pid int, err error) {
	note, err := os.ReadFile(filepath.Join(st.shop.Database().Dir(), "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(note), "\n")
	_, err = fmt.Sscan(first, &pid)
	return pid, err
}

func (st *stage) dial(ctx context.Context) (*conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", st.addr)
	if err != nil {
		return nil, err
	}
	return newConn(c, st.addr, st.token), nil
}
