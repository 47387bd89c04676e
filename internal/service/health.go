package service

import (
	"context"
	"fmt"
	"time"

	"triptych/internal/env"
	"triptych/internal/rpc"
	"triptych/internal/serve"
)

// healthTimeout is how long the running process may think about how it is.
const healthTimeout = 3 * time.Second

// askHealth asks the process that runs with the same settings how it is.
func (p program) askHealth(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	e := &env.Reader{Getenv: p.getenv}
	variable, addr := p.addr(e)
	if p.http {
		return serve.AskReady(ctx, addr)
	}
	addr, err := serve.Reachable(addr)
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	id := identity(e, p.name)
	if err := e.Err(); err != nil {
		return err
	}
	return askGRPC(ctx, id, p.name, addr)
}

func askGRPC(ctx context.Context, id *rpc.Identity, name, addr string) error {
	conn, err := rpc.Dial(id, name, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	return rpc.Health(ctx, conn)
}
