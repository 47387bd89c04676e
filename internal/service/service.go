// Package service is what every service does in the same way: it reads its
// settings, reports to telemetry, keeps its database up to date, serves gRPC,
// says how it is, and ends when it is asked to.
package service

import (
	"cmp"
	"context"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"triptych/internal/env"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
)

// A Service is a running one. Settings that it needs beside the usual are read
// from Env, before anything else is asked for: then all that is wrong with the
// settings is told at once.
type Service struct {
	Name string
	Env  *env.Reader
	// Server is where it registers what it serves.
	Server grpc.ServiceRegistrar
	// Connections is how many Database opens at most; zero means 8.
	Connections int32

	listener net.Listener
	identity *rpc.Identity
	served   registrar
	checks   []check
	work     []func(context.Context) error
	closers  []func() error // called in reverse
}

// A registrar remembers what is to be served until Serve makes the server.
type registrar []func(grpc.ServiceRegistrar)

// RegisterService implements grpc.ServiceRegistrar.
func (r *registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	*r = append(*r, func(server grpc.ServiceRegistrar) { server.RegisterService(desc, impl) })
}

// The pool of one service is smaller than the monolith's: there are nine, and
// each does less.
const (
	maxConns     = 8
	minIdleConns = 1
)

// Database brings the database that DATABASE_URL names up to date with the
// schemas and opens it. The service is healthy only while it answers.
func (s *Service) Database(ctx context.Context, schemas ...postgres.Schema) (*pgxpool.Pool, error) {
	url := s.Env.URL("DATABASE_URL", "postgres", "postgresql")
	if err := s.Env.Err(); err != nil {
		return nil, err
	}
	if err := postgres.Migrate(ctx, url, schemas...); err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, url, func(c *pgxpool.Config) {
		c.MaxConns, c.MinIdleConns = cmp.Or(s.Connections, maxConns), minIdleConns
		c.ConnConfig.RuntimeParams["application_name"] = s.Name
	})
	if err != nil {
		return nil, err
	}
	s.AtEnd(func() error { db.Close(); return nil })
	s.checks = append(s.checks, check{"database", db.Ping})
	return db, nil
}

// Dial returns a connection to another service, at the address that the variable
// NAME_ADDR names (ORDERS_ADDR; default orders:9090).
func (s *Service) Dial(name string) (*grpc.ClientConn, error) {
	addr := s.Env.String(strings.ToUpper(name)+"_ADDR", name+":9090")
	if err := s.Env.Err(); err != nil {
		return nil, err
	}
	conn, err := rpc.Dial(s.identity, name, addr)
	if err != nil {
		return nil, err
	}
	s.AtEnd(conn.Close)
	return conn, nil
}

// AtEnd has f called when everything has ended that Go and Serve have begun, those
// given last first.
func (s *Service) AtEnd(f func() error) { s.closers = append(s.closers, f) }
