// Package service is what every service does in the same way: it reads its
// settings, reports to telemetry, keeps its database up to date, serves gRPC,
// says how it is, and ends when it is asked to.
package service

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"triptych/internal/env"
	"triptych/internal/kafka"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
)

// A Service is a running one. Settings that it needs beside the usual are read
// from Env.
type Service struct {
	Name string
	Env  *env.Reader
	// Server is where it registers what it serves.
	Server grpc.ServiceRegistrar

	identity *rpc.Identity
}

// Main is a service's main function: it calls run, which is to end with Serve,
// with a context that is done when the process is asked to end. Called with the
// argument "health", the program asks the running one how it is instead, and
// exits with 0 if that is well.
func Main(name string, run func(ctx context.Context, s *Service) error) { panic("not yet") }

// Database brings the database that DATABASE_URL names up to date with the
// schemas and opens it. The service is healthy only while it answers.
func (s *Service) Database(ctx context.Context, schemas ...postgres.Schema) (*pgxpool.Pool, error) {
	panic("not yet")
}

// Dial returns a connection to another service, at the address that the variable
// NAME_ADDR names (ORDERS_ADDR; default orders:9090).
func (s *Service) Dial(name string) (*grpc.ClientConn, error) { panic("not yet") }

// Kafka makes sure that the broker at KAFKA_BROKERS has the topics.
func (s *Service) Kafka(ctx context.Context, topics ...kafka.Topic) (*kafka.Client, error) {
	panic("not yet")
}

// Go runs f beside the server, from Serve on. When it fails the service does.
func (s *Service) Go(f func(ctx context.Context) error) { panic("not yet") }

// Serve serves until ctx is done, and returns when everything has ended.
func (s *Service) Serve(ctx context.Context) error { panic("not yet") }
