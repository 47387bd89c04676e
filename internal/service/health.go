package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"

	"triptych/internal/env"
	"triptych/internal/rpc"
)

// healthTimeout is how long the running process may think about how it is.
const healthTimeout = 3 * time.Second

// askHealth asks the process that runs with the same settings how it is.
func (p program) askHealth(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	e := &env.Reader{Getenv: p.getenv}
	variable, addr := p.addr(e)
	addr, err := reachable(addr)
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	if p.http {
		return askHTTP(ctx, addr)
	}
	id, err := identity(e)
	if err := errors.Join(err, e.Err()); err != nil {
		return err
	}
	return askGRPC(ctx, id, p.name, addr)
}

// reachable returns where a listener can be reached from the same machine.
func reachable(addr string) (string, error) {
	if strings.HasPrefix(addr, "fd:") {
		return "", fmt.Errorf("%s is known to the running process alone", addr)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

func askHTTP(ctx context.Context, addr string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", resp.Status)
	}
	return nil
}

func askGRPC(ctx context.Context, id *rpc.Identity, name, addr string) error {
	conn, err := rpc.Dial(id, name, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return err
	}
	if answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		return errors.New("not ready: a dependency does not answer")
	}
	return nil
}
