package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/lab/bench/measure"
)

// A statement is one that a checkout sends, as PostgreSQL logged it.
type statement struct {
	sql    string
	values []value  // of its parameters
	types  []string // of those, as PostgreSQL names them
}

// A value is a parameter as text.
type value struct {
	text string
	null bool
}

// A transaction is all that one checkout sends, and what in it differs from
// one checkout to the next.
type transaction struct {
	statements []statement
	order      string    // the order's id
	key        string    // the request's
	skus       [2]string // the products
}

// capture places an order while PostgreSQL logs every statement, and returns
// what it logged. So the statements are those that the program sends, and
// cannot drift from them as a copy would.
func (st *stage) capture(ctx context.Context) (t transaction, err error) {
	db, err := pgx.Connect(ctx, st.shop.Database().URL("shop"))
	if err != nil {
		return t, err
	}
	defer db.Close(context.WithoutCancel(ctx))
	c, err := st.Dial(ctx)
	if err != nil {
		return t, err
	}
	defer c.Close()
	for range 20 { // the first ones on a connection also prepare
		if _, err := st.Place(c); err != nil {
			return t, err
		}
	}
	m := newMarks()
	o, err := st.placeLogged(ctx, db, c, m)
	if err != nil {
		return t, err
	}
	var answer struct{ ID string }
	if err := json.Unmarshal(o.Answer, &answer); err != nil {
		return t, err
	}
	t = transaction{order: answer.ID, key: o.Key, skus: o.SKUs}
	log, err := st.logged(ctx, m)
	if err != nil {
		return t, err
	}
	t.statements, err = parseLog(log)
	if err != nil || len(t.statements) < 3 {
		return t, errors.Join(err, fmt.Errorf("the log shows only %d statements of a checkout:\n%s", len(t.statements), log))
	}
	return t, t.describe(ctx, db)
}

// Marks are statements that bound a checkout in the log. The log is kept from
// one run to the next, so they are of this run alone.
type marks struct{ begin, end string }

func newMarks() marks {
	now := time.Now().UnixNano()
	return marks{fmt.Sprintf("SELECT 'checkout %d begins'", now), fmt.Sprintf("SELECT 'checkout %d ends'", now)}
}

func (st *stage) placeLogged(ctx context.Context, db *pgx.Conn, c *measure.Customer, m marks) (o measure.Order, err error) {
	if err := logStatements(ctx, db, "'all'"); err != nil {
		return o, err
	}
	if err := awaitLogging(ctx, db, m); err != nil {
		return o, err
	}
	if o, err = st.Place(c); err != nil {
		return o, err
	}
	if _, err := db.Exec(ctx, m.end, pgx.QueryExecModeSimpleProtocol); err != nil {
		return o, err
	}
	return o, logStatements(ctx, db, "DEFAULT")
}

func logStatements(ctx context.Context, db *pgx.Conn, which string) error {
	if _, err := db.Exec(ctx, `ALTER SYSTEM SET log_statement = `+which); err != nil {
		return err
	}
	_, err := db.Exec(ctx, `SELECT pg_reload_conf()`)
	return err
}

// awaitLogging waits until the server has read its new settings, and marks the
// log. Every connection reads them before its next statement.
func awaitLogging(ctx context.Context, db *pgx.Conn, m marks) error {
	for range 100 {
		var now string
		if err := db.QueryRow(ctx, `SHOW log_statement`).Scan(&now); err != nil {
			return err
		}
		if now == "all" {
			_, err := db.Exec(ctx, m.begin, pgx.QueryExecModeSimpleProtocol)
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("PostgreSQL did not take a new setting within a second")
}

// logged returns what the log has between the marks, once it has both.
func (st *stage) logged(ctx context.Context, m marks) (string, error) {
	file := filepath.Join(st.shop.Database().Dir(), "postgres.log")
	for range 200 {
		log, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if _, after, ok := strings.Cut(string(log), m.begin+"\n"); ok {
			if between, _, ok := strings.Cut(after, m.end); ok {
				return between, nil
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return "", fmt.Errorf("%s shows no statements of a checkout", file)
}

var (
	entry     = regexp.MustCompile(`(?m)^.*? (LOG|DETAIL): +(?:execute [^:]+|statement|parameters|Parameters): `)
	parameter = regexp.MustCompile(`\$\d+ = (NULL|'(?:[^']|'')*')`)
)

// parseLog reads entries such as
//
//	2026-11-24 06:10:00 UTC [7] LOG:  execute stmt_1: SELECT …
//	2026-11-24 06:10:00 UTC [7] DETAIL:  parameters: $1 = 'a', $2 = NULL
//
// in which further lines of a statement begin with a tab.
func parseLog(log string) (all []statement, err error) {
	found := entry.FindAllStringSubmatchIndex(log, -1)
	for i, at := range found {
		text := log[at[1]:]
		if i+1 < len(found) {
			text = log[at[1]:found[i+1][0]]
		}
		if log[at[2]:at[3]] == "DETAIL" {
			if len(all) == 0 {
				return nil, errors.New("the log has parameters without a statement")
			}
			all[len(all)-1].values = parseValues(text)
			continue
		}
		sql, _, _ := strings.Cut(text, "\n20")                                        // the beginning of an entry of another kind
		if sql = strings.TrimSpace(sql); sql != "" && !strings.HasPrefix(sql, "--") { // pgx pings with a comment
			all = append(all, statement{sql: sql})
		}
	}
	return all, nil
}

func parseValues(text string) (values []value) {
	for _, m := range parameter.FindAllStringSubmatch(text, -1) {
		v := value{null: m[1] == "NULL"}
		if !v.null {
			v.text = strings.ReplaceAll(m[1][1:len(m[1])-1], "''", "'")
		}
		values = append(values, v)
	}
	return values
}

// describe asks PostgreSQL for the types of the parameters.
func (t *transaction) describe(ctx context.Context, db *pgx.Conn) error {
	for i := range t.statements {
		s := &t.statements[i]
		if len(s.values) == 0 {
			continue
		}
		d, err := db.Prepare(ctx, fmt.Sprintf("captured_%d", i), s.sql)
		if err != nil {
			return fmt.Errorf("prepare %s: %w", s.sql, err)
		}
		if len(d.ParamOIDs) != len(s.values) {
			return fmt.Errorf("the log has %d parameters, not %d, of %s", len(s.values), len(d.ParamOIDs), s.sql)
		}
		for _, oid := range d.ParamOIDs {
			var name string
			if err := db.QueryRow(ctx, `SELECT format_type($1, NULL)`, oid).Scan(&name); err != nil {
				return err
			}
			s.types = append(s.types, name)
		}
	}
	return nil
}
