package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// roleConnections is how many connections a role made by Provision may have: two
// of the largest pools, as one program ends while the next one starts, and some to
// spare.
const roleConnections = 60

// Provision makes sure that the server at adminURL has a role and a database of
// that name, which the role owns, and returns the URL with which the role
// connects to it. Nobody else may connect, but for superusers and for who made
// the database. Done again, it sets the password.
//
// The user of adminURL is a superuser, or may create databases and roles.
func Provision(ctx context.Context, adminURL, name, password string) (string, error) {
	u, err := url.Parse(adminURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", errors.New("the database's URL must begin with postgres:// for databases to be made there")
	}
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := provision(ctx, conn, name, password); err != nil {
		return "", fmt.Errorf("make the database %s: %w", name, err)
	}
	within := *u
	within.Path = "/" + name
	if err := closeSchema(ctx, within.String()); err != nil {
		return "", fmt.Errorf("close the database %s to others: %w", name, err)
	}
	within.User = url.UserPassword(name, password)
	return within.String(), nil
}

func provision(ctx context.Context, conn *pgx.Conn, name, password string) error {
	quoted := pgx.Identifier{name}.Sanitize()
	if err := makeRole(ctx, conn, quoted, name, password); err != nil {
		return err
	}
	if err := makeDatabase(ctx, conn, quoted, name); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, `REVOKE CONNECT, TEMPORARY ON DATABASE `+quoted+` FROM PUBLIC`)
	return err
}

// makeRole makes a role that may do nothing but sign in. A user who is no
// superuser joins it, as only a role's members may make a database for it.
func makeRole(ctx context.Context, conn *pgx.Conn, quoted, name, password string) error {
	secret, err := conn.PgConn().EscapeString(password)
	if err != nil {
		return err
	}
	var there, super bool
	err = conn.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), rolsuper
		FROM pg_roles WHERE rolname = current_user`, name).Scan(&there, &super)
	if err != nil {
		return err
	}
	verb := `CREATE ROLE ` + quoted + ` NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION`
	if there {
		verb = `ALTER ROLE ` + quoted
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf(`%s LOGIN CONNECTION LIMIT %d PASSWORD '%s'`, verb, roleConnections, secret)); err != nil {
		return err
	}
	if super {
		return nil
	}
	_, err = conn.Exec(ctx, `GRANT `+quoted+` TO CURRENT_USER`)
	return err
}

func makeDatabase(ctx context.Context, conn *pgx.Conn, quoted, name string) error {
	var owner string
	err := conn.QueryRow(ctx, `SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1`, name).Scan(&owner)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		_, err = conn.Exec(ctx, `CREATE DATABASE `+quoted+` OWNER `+quoted)
		return err
	case err != nil:
		return err
	case owner != name:
		return fmt.Errorf("there is one already, which belongs to %s", owner)
	}
	return nil
}

// closeSchema takes from everybody what PostgreSQL gave them until version 15,
// and keeps where a template of the server's gives it still.
func closeSchema(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, `REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) && refused.Code == "3F000" {
		return nil // somebody has dropped the schema
	}
	return err
}

// Provision makes sure that there is a role and a database of that name; see the
// function Provision. On this server the role can connect to that database alone.
func (s *Server) Provision(ctx context.Context, name, password string) (string, error) {
	if err := s.seclude(ctx); err != nil {
		return "", fmt.Errorf("close the server's own databases: %w", err)
	}
	return Provision(ctx, s.URL("postgres"), name, password)
}

// seclude keeps everybody but us out of the databases that every server has.
// Several at once would change the same rows at once, which PostgreSQL refuses.
func (s *Server) seclude(ctx context.Context) error {
	s.secluding.Lock()
	defer s.secluding.Unlock()
	if s.secluded {
		return nil
	}
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, `REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC`)
	s.secluded = err == nil
	return err
}
