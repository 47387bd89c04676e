package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

// What a program may not do with another's data, or with the server, comes back
// with this SQLSTATE.
const insufficientPrivilege = "42501"

var nine = []string{"accounts", "catalogue", "stock", "orders", "payments", "payroll", "pictures", "reports", `odd "name"`}

// provisionAll makes a database for each name, all at once, and returns their URLs.
func provisionAll(t *testing.T, provision func(ctx context.Context, name, password string) (string, error)) map[string]string {
	t.Helper()
	found := make([]string, len(nine))
	g, ctx := errgroup.WithContext(t.Context())
	for i, name := range nine {
		g.Go(func() (err error) {
			found[i], err = provision(ctx, name, "it's "+name+`\`)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	urls := map[string]string{}
	for i, name := range nine {
		urls[name] = found[i]
	}
	return urls
}

// refused has SQL done at url, which must be refused for want of a privilege.
func refused(t *testing.T, what, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		defer conn.Close(context.Background())
		_, err = conn.Exec(t.Context(), sql)
	}
	if pg := (*pgconn.PgError)(nil); !errors.As(err, &pg) || pg.Code != insufficientPrivilege {
		t.Errorf("%s: got %v, want SQLSTATE %s", what, err, insufficientPrivilege)
	}
}

func at(t *testing.T, rawURL, database string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	return u.String()
}

func isolated(t *testing.T, urls map[string]string) {
	t.Helper()
	for name, url := range urls {
		conn := connect(t, url)
		do(t, conn, `CREATE TABLE IF NOT EXISTS own (n int)`)
		do(t, conn, `INSERT INTO own VALUES (1)`)
		for _, other := range nine {
			if other != name {
				refused(t, name+" connects to "+other, at(t, url, other), `SELECT 1`)
			}
		}
		for what, sql := range map[string]string{
			"makes a role":         `CREATE ROLE more`,
			"makes a database":     `CREATE DATABASE more`,
			"raises itself":        `ALTER ROLE ` + pgx.Identifier{name}.Sanitize() + ` SUPERUSER`,
			"runs a program":       `COPY own FROM PROGRAM 'echo 2'`,
			"writes a file":        `COPY own TO '/tmp/triptych-own'`,
			"becomes another role": `SET ROLE ` + pgx.Identifier{nine[0]}.Sanitize(),
			"reads the passwords":  `SELECT rolpassword FROM pg_authid`,
		} {
			if what != "becomes another role" || name != nine[0] {
				refused(t, name+" "+what, url, sql)
			}
		}
	}
}

func TestEachRoleHasItsOwnDatabaseAndNoOther(t *testing.T) {
	s := start(t, postgres.Options{Dir: dataFolder(t), Settings: quick})
	urls := provisionAll(t, s.Provision)
	isolated(t, urls)
	for name, url := range urls {
		refused(t, name+" connects to the server's own", at(t, url, "postgres"), `SELECT 1`)
		refused(t, name+" connects to the template", at(t, url, "template1"), `SELECT 1`)
	}

	again := provisionAll(t, s.Provision)
	if again["orders"] != urls["orders"] {
		t.Errorf("done again, it is %s, want %s", again["orders"], urls["orders"])
	}
	if n := count(t, connect(t, again["orders"]), `SELECT n FROM own`); n != 1 {
		t.Error("what was written before is gone")
	}

	changed, err := s.Provision(t.Context(), "orders", "another")
	if err != nil {
		t.Fatal(err)
	}
	connect(t, changed)
	if _, err := pgx.Connect(t.Context(), urls["orders"]); err == nil || !strings.Contains(err.Error(), "password authentication failed") {
		t.Errorf("with the password of before: %v", err)
	}
}

// Whoever rents a database is seldom its superuser. What such a user may do with
// roles has changed with version 16.
func TestAnAdministratorWhoIsNoSuperuser(t *testing.T) {
	for name, o := range map[string]postgres.Options{
		"installed":  {Dir: dataFolder(t), Settings: quick},
		"downloaded": {Dir: pgtest.Folder(t), Settings: quick, Download: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, o)
			doAt(t, s.URL("postgres"), `CREATE ROLE tenant LOGIN CREATEDB CREATEROLE PASSWORD 'tenant'`)
			admin, err := url.Parse(s.URL("postgres"))
			if err != nil {
				t.Fatal(err)
			}
			admin.User = url.UserPassword("tenant", "tenant")
			provision := func(ctx context.Context, name, password string) (string, error) {
				return postgres.Provision(ctx, admin.String(), name, password)
			}
			provisionAll(t, provision)
			isolated(t, provisionAll(t, provision))
		})
	}
}

func TestADatabaseOfSomebodyElseIsLeftAlone(t *testing.T) {
	s := start(t, postgres.Options{Dir: dataFolder(t), Settings: quick})
	if _, err := s.Database(t.Context(), "orders"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Provision(t.Context(), "orders", "secret")
	if err == nil || !strings.Contains(err.Error(), "make the database orders: there is one already, which belongs to postgres") {
		t.Errorf("got %v", err)
	}
}
