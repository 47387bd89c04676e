package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// demo is what somebody sees who types the one command: the shop starts in each
// architecture, a customer orders the same in all of them, and what happened
// inside is drawn.
func demo(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	f, err := readUpFlags("triptych", args, getenv)
	if err != nil {
		return err
	}
	out.print("%s one shop, built twice: as a monolith, one process with one\n"+
		"database, and as microservices, nine processes with a database each.\n", out.bold("Triptych:"))
	var shops []*shop
	defer func() { stop(out, shops...) }()
	for i, architecture := range []string{monolith, microservices} {
		out.heading(title[architecture])
		s, err := open(ctx, architecture, f.of(i, architecture), getenv, out)
		if err != nil {
			return err
		}
		shops = append(shops, s)
	}
	if err := compare(ctx, shops, out); err != nil {
		return fmt.Errorf("place an order: %w", err)
	}
	lookNext(shops, f, getenv, out)
	return stay(ctx, out, shops...)
}

var title = map[string]string{monolith: "The monolith", microservices: "The microservices"}

// of returns the flags for one of several architectures: the n-th has the n-th
// port from the one that was asked for, and a folder of its own within.
func (f upFlags) of(n int, architecture string) upFlags {
	if f.port > 0 {
		f.port += n
	}
	if f.data != "" {
		f.data = filepath.Join(f.data, architecture)
	}
	return f
}

func lookNext(shops []*shop, f upFlags, getenv func(string) string, out *screen) {
	for i, s := range shops {
		out.heading("Where to look next: " + s.architecture)
		rows := [][]string{
			{"the shop", s.URL + "/v1/products"},
			{"its traces", s.Traces.URL() + "/api/traces"},
			{"its manager", s.Secrets.ManagerEmail + "  " + s.Secrets.ManagerPassword},
		}
		rows = append(rows, code[s.architecture]...)
		if s.architecture == microservices {
			rows = append(rows, []string{"its processes", f.command("ps")})
		}
		out.table(nil, append(rows, []string{"the proof", s.proof(f.of(i, s.architecture), getenv)})...)
	}
}

// code says where to read on.
var code = map[string][][]string{
	monolith: {
		{"placing an order", "monolith/place.go: one function, one transaction"},
		{"the contract", "api/openapi.yaml, the same for both"},
	},
	microservices: {
		{"placing an order", "microservices/orders/saga: steps, and how each is undone"},
		{"who calls whom", "proto/: a file for each service, and the events"},
	},
}
