// Package postgres keeps what every user of PostgreSQL here needs: a pool with
// bounds on everything, transactions that are retried, migrations, failures
// that a client can understand, and a server started for whoever has none.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A DB answers queries: a pool, a connection or a transaction. Take it where a
// query needs no transaction of its own.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// params are set on every connection unless its URL says otherwise. They bound
// what one statement, one lock and one forgotten transaction can hold up.
var params = map[string]string{
	"application_name":                    "triptych",
	"statement_timeout":                   "5s",
	"lock_timeout":                        "2s",
	"idle_in_transaction_session_timeout": "10s",
	"plan_cache_mode":                     "force_generic_plan", // planning again costs more than these queries
}

// openTimeout is how long Open and Migrate wait for a database that is not up yet.
const openTimeout = 15 * time.Second

// Open opens a pool and waits, for a while, until the database answers. Each
// tweak may change the settings first: the size, the application's name.
func Open(ctx context.Context, url string, tweaks ...func(*pgxpool.Config)) (*pgxpool.Pool, error) {
	cfg, err := config(url)
	if err != nil {
		return nil, err
	}
	for _, tweak := range tweaks {
		tweak(cfg)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := errors.Join(await(ctx, pool.Ping), otelpgx.RecordStats(pool)); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return pool, nil
}

func config(url string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database's URL cannot be read: %w", err) // pgx leaves the password out
	}
	cfg.MaxConns = 16
	cfg.MinIdleConns = 2
	cfg.MaxConnLifetime = 30 * time.Minute
	cfg.MaxConnLifetimeJitter = 5 * time.Minute
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.HealthCheckPeriod = 15 * time.Second
	cfg.PingTimeout = 2 * time.Second
	cfg.ConnConfig.ConnectTimeout = 3 * time.Second
	for name, value := range params {
		if _, set := cfg.ConnConfig.RuntimeParams[name]; !set {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	cfg.ConnConfig.Tracer = tracer{patience: acquireTimeout, Tracer: otelpgx.NewTracer(
		otelpgx.WithDisableConnectionDetailsInAttributes(),
		otelpgx.WithDisableSQLStatementInAttributes(),
		otelpgx.WithSpanNameFunc(remembered(summary)),
	)}
	return cfg, nil
}

// await asks until the database answers. A refusal that time cannot heal, a
// wrong password or no such database, ends it at once.
func await(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := ask(ctx)
		if err == nil || !Unavailable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}
