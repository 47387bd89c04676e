package service_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/emptypb"

	"triptych/internal/faults"
	"triptych/internal/postgres"
	"triptych/internal/serve"
	"triptych/internal/service"
	rpcv1 "triptych/proto/rpc/v1"
)

// until asks for something until it is so, or ctx is done.
func until(ctx context.Context, so func() (bool, error)) error {
	for {
		if yes, err := so(); yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

var jobs = postgres.Schema{Name: "jobs", FS: fs.FS(fstest.MapFS{
	"001_jobs.sql": {Data: []byte(`CREATE TABLE jobs (name text PRIMARY KEY, permitted bool DEFAULT false, done bool DEFAULT false)`)},
})}

// clerk is a service whose calls wait for work that is done beside the server.
// Its contract is that of Faults, the only one that is nobody's business.
func clerk(ctx context.Context, s *service.Service) error {
	s.Env.Required("OWN_SETTING")
	db, err := s.Database(ctx, jobs)
	if err != nil {
		return err
	}
	rpcv1.RegisterFaultsServer(s.Server, &desk{db: db})
	s.Go(func(ctx context.Context) error {
		return until(ctx, func() (bool, error) {
			_, err := db.Exec(ctx, `UPDATE jobs SET done = true WHERE permitted`)
			if postgres.Unavailable(err) {
				err = nil
			}
			return false, err
		})
	})
	return s.Serve(ctx)
}

type desk struct {
	rpcv1.UnimplementedFaultsServer
	db *pgxpool.Pool
}

// Plant makes a job and returns when it was done.
func (d *desk) Plant(ctx context.Context, r *rpcv1.PlantRequest) (*emptypb.Empty, error) {
	if _, err := d.db.Exec(ctx, `INSERT INTO jobs (name) VALUES ($1)`, r.Point); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, until(ctx, func() (done bool, err error) {
		err = d.db.QueryRow(ctx, `SELECT done FROM jobs WHERE name = $1`, r.Point).Scan(&done)
		return done, err
	})
}

// ticker reaches a point all the time.
func ticker(ctx context.Context, s *service.Service) error {
	s.Go(func(ctx context.Context) error {
		return until(ctx, func() (bool, error) {
			return false, faults.Point(ctx, "ticker.tick", func(context.Context) error { return nil })
		})
	})
	return s.Serve(ctx)
}

// broken has work that breaks while it serves.
func broken(ctx context.Context, s *service.Service) error {
	s.Go(func(context.Context) error { return errors.New("the work broke") })
	s.Go(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	return s.Serve(ctx)
}

// door serves HTTP, and is ready unless it was told otherwise.
func door(ctx context.Context, s *service.Service) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		if s.Env.String("NOT_READY", "") != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return s.ServeHTTP(ctx, mux, &serve.Health{})
}
