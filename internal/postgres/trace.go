package postgres

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// acquireTimeout is how long a caller waits for a connection, unless the pool
// is Patient. A longer queue helps nobody: the client hears 503 and comes back.
const acquireTimeout = time.Second

// A tracer makes a span of each statement, and is the one place that bounds
// the wait for a connection, however it is asked for: pgxpool lets a tracer
// replace the context of an acquisition, and has no setting for it.
type tracer struct {
	*otelpgx.Tracer
	patience time.Duration // how long a caller waits for a connection
}

// Patient has callers of a pool wait a minute for a connection: a tweak for
// Open, where a queue is meant to be long and nobody is there to come back.
func Patient(c *pgxpool.Config) {
	t := c.ConnConfig.Tracer.(tracer)
	t.patience = time.Minute
	c.ConnConfig.Tracer = t
}

type cancelKey struct{}

// TraceAcquireStart implements pgxpool.AcquireTracer. It makes no span: nearly
// all would last microseconds, and the pool's metrics tell of the others.
func (t tracer) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	return context.WithValue(ctx, cancelKey{}, cancel)
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (t tracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	ctx.Value(cancelKey{}).(context.CancelFunc)()
}

// prepare marks a statement that is only being prepared, which happens once on
// each connection.
const prepare = "PREPARE "

// TracePrepareStart implements pgx.PrepareTracer.
func (t tracer) TracePrepareStart(ctx context.Context, conn *pgx.Conn, data pgx.TracePrepareStartData) context.Context {
	data.SQL = prepare + data.SQL
	return t.Tracer.TracePrepareStart(ctx, conn, data)
}

// summary names a span after a statement: its verb and its first table, which
// is what a reader of a waterfall looks for, and nothing that varies. A
// statement WITH parts is named after the first part that changes something.
func summary(sql string) string {
	if rest, ok := strings.CutPrefix(sql, prepare); ok {
		return prepare + summary(rest)
	}
	var verb, before, last string // the statement's verb, and the two words before this one
	for word := range strings.FieldsFuncSeq(sql, between) {
		switch table := strings.Trim(word, `"`); {
		case verb == "":
			verb = strings.ToUpper(word)
		case strings.EqualFold(last, "INTO"):
			return "INSERT " + table
		case strings.EqualFold(last, "UPDATE") && !strings.EqualFold(before, "FOR"):
			return "UPDATE " + table
		case !strings.EqualFold(last, "FROM"):
		case strings.EqualFold(before, "DELETE"):
			return "DELETE " + table
		case verb != "WITH" && !strings.EqualFold(word, "SELECT"):
			return verb + " " + table
		}
		before, last = last, word
	}
	return cmp.Or(verb, "query")
}

// remembered asks f once for each statement. Statements are constants of the
// program; a program that makes them up as it goes is not remembered without
// end.
func remembered(f func(sql string) string) func(sql string) string {
	var names sync.Map
	var n atomic.Int64
	return func(sql string) string {
		if name, ok := names.Load(sql); ok {
			return name.(string)
		}
		name := f(sql)
		if n.Add(1) <= 1000 {
			names.Store(sql, name)
		}
		return name
	}
}

func between(r rune) bool {
	return r <= ' ' || r == '(' || r == ')' || r == ',' || r == ';'
}
