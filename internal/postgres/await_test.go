package postgres_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

// Programs start at the same time as their database.
func TestMigrateWaitsForADatabaseThatIsNotUpYet(t *testing.T) {
	url := startingUp(t, pgtest.URL(t), 2)
	err := postgres.Migrate(t.Context(), url, postgres.Schema{Name: "parts", FS: files(makeParts)})
	if err != nil {
		t.Fatal(err)
	}
	count(t, connect(t, url), `SELECT count(*) FROM parts`)
}

// startingUp stands before a database and cuts off the first connections.
func startingUp(t *testing.T, at string, cut int) string {
	t.Helper()
	cfg, err := pgx.ParseConfig(at)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if n < cut {
				c.Close()
				continue
			}
			open.Go(func() { pass(t, c, cfg) })
		}
	})
	t.Cleanup(open.Wait)
	t.Cleanup(func() { l.Close() })

	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = l.Addr().String(), q.Encode()
	return u.String()
}

// pass connects c to the database, until one of them hangs up.
func pass(t *testing.T, c net.Conn, cfg *pgx.ConnConfig) {
	network, addr := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	server, err := (&net.Dialer{}).DialContext(context.Background(), network, addr)
	if err != nil {
		t.Error(err)
		c.Close()
		return
	}
	go func() {
		io.Copy(server, c)
		server.Close()
	}()
	io.Copy(c, server)
	c.Close()
}
