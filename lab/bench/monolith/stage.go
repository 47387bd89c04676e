package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"triptych/lab/bench/measure"
	"triptych/lab/launch"
)

// A stage is what is measured: the monolith with its database, its products
// and a customer.
type stage struct {
	settings
	measure.Shop
	options launch.Options
	shop    *launch.Running
	debug   string // address of its profiles
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
	debug, release, err := launch.FreeAddr()
	if err != nil {
		return nil, err
	}
	defer release() // it is taken by then
	st := &stage{settings: s, Shop: measure.Shop{Products: s.products}, debug: debug, out: out}
	st.options = launch.Options{
		Root: root, Data: s.data, Addr: "127.0.0.1:0", Fresh: true,
		Getenv: func(string) string { return "" }, // a database, a manager and a receiver of our own
		Step:   st.step,
		Env:    []string{"DEBUG_ADDR=" + st.debug, telemetry(s.telemetry)},
	}
	if st.shop, err = launch.Monolith(ctx, st.options); err != nil {
		return nil, err
	}
	st.Addr = strings.TrimPrefix(st.shop.URL, "http://")
	if err := st.fill(ctx); err != nil {
		st.shop.Stop()
		return nil, err
	}
	return st, nil
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

// fill makes the products and a customer.
func (st *stage) fill(ctx context.Context) error {
	done := st.step("")
	if err := st.Fill(ctx, st.shop.Secrets.ManagerEmail, st.shop.Secrets.ManagerPassword); err != nil {
		return err
	}
	done(fmt.Sprintf("made %d products", st.Products))
	return nil
}

// postmaster is the process id of the database server, whose children serve
// its connections.
func (st *stage) postmaster() int { return st.shop.Database().Process().Pid() }
