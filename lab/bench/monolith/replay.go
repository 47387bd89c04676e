package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"triptych/lab/bench/measure"
)

// replay sends the captured transaction over and over, as pgbench would.
func (st *stage) replay(ctx context.Context, t transaction) (measure.Tally, error) {
	cfg, err := st.session(ctx)
	if err != nil {
		return measure.Tally{}, err
	}
	g, ctx := errgroup.WithContext(ctx)
	var done atomic.Int64
	begun := time.Now()
	for client := range st.clients {
		g.Go(func() error {
			db, err := pgconn.ConnectConfig(ctx, &cfg.Config)
			if err != nil {
				return err
			}
			defer db.Close(context.WithoutCancel(ctx))
			if err := t.prepare(ctx, db); err != nil {
				return err
			}
			for n := int64(1); time.Since(begun) < st.each; n++ {
				if err := t.send(ctx, db, firstID(begun)+n*maxClients+int64(client), st.Products); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
	}
	err = g.Wait()
	return measure.Tally{Done: int(done.Load()), Took: time.Since(begun)}, err
}

func (t transaction) prepare(ctx context.Context, db *pgconn.PgConn) error {
	for i, s := range t.statements {
		if _, err := db.Prepare(ctx, fmt.Sprint("s", i), s.sql, nil); err != nil {
			return fmt.Errorf("prepare %s: %w", s.sql, err)
		}
	}
	return nil
}

// send sends the transaction with an id and products of its own.
func (t transaction) send(ctx context.Context, db *pgconn.PgConn, id int64, products int) error {
	name := hex.EncodeToString(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(id)), rand.Uint64()))
	half := products / 2
	fresh := strings.NewReplacer(t.order, name, t.key, name,
		t.skus[0], measure.SKU(rand.IntN(half)), t.skus[1], measure.SKU(half+rand.IntN(products-half)))
	for i, s := range t.statements {
		values := make([][]byte, len(s.values))
		for n, v := range s.values {
			if !v.null {
				values[n] = []byte(fresh.Replace(v.text))
			}
		}
		if result := db.ExecPrepared(ctx, fmt.Sprint("s", i), values, nil, nil).Read(); result.Err != nil {
			return fmt.Errorf("%s: %w", s.sql, result.Err)
		}
	}
	return nil
}
