// Package outbox sends events that are true if and only if the transaction that
// caused them was committed: they are rows of the same database until a relay
// has put them into the log (the pattern "transactional outbox").
package outbox

import (
	"context"
	"embed"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"

	"triptych/internal/kafka"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the table of events that are not sent yet.
var Schema = postgres.NewSchema("outbox", schema)

// Add adds an event to a topic, which will be sent if tx is committed, with the
// trace of ctx. Events of one key are sent in the order of adding.
func Add(ctx context.Context, tx pgx.Tx, topic, key string, event proto.Message) error {
	panic("not yet")
}

// A Relay sends events.
type Relay struct{}

// NewRelay returns a relay from a database to a log.
func NewRelay(db *pgxpool.Pool, to *kafka.Client) *Relay { panic("not yet") }

// Wake says that there may be something to send: call it after committing what
// Add was called in. Without, it is found a little later.
func (r *Relay) Wake() {}

// Run sends events until ctx is done. Of several relays of one database one
// works at a time.
func (r *Relay) Run(ctx context.Context) error { panic("not yet") }
