package reports

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/internal/postgres"
)

// Applied records that an event of that time, of that part of the log, was
// applied.
func Applied(ctx context.Context, tx pgx.Tx, part int, at time.Time) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO sales_progress (part, at) VALUES ($1, $2)
		ON CONFLICT (part) DO UPDATE SET at = greatest(sales_progress.at, excluded.at)`, part, at)
	return err
}

// Progress returns the time of the last event applied, by the part of the log.
func Progress(ctx context.Context, db postgres.DB) (map[int]time.Time, error) {
	rows, err := db.Query(ctx, `SELECT part, at FROM sales_progress`)
	if err != nil {
		return nil, err
	}
	progress := map[int]time.Time{}
	var part int
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&part, &at}, func() error {
		progress[part] = at
		return nil
	})
	return progress, err
}

// Generation counts how often the projection was begun: 1 at first.
func Generation(ctx context.Context, db postgres.DB) (n int, err error) {
	err = db.QueryRow(ctx, `SELECT generation FROM sales_generation`).Scan(&n)
	return n, err
}

// Hold is Generation for those who apply events: until tx ends, nobody begins
// another.
func Hold(ctx context.Context, tx pgx.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, `SELECT generation FROM sales_generation FOR SHARE`).Scan(&n)
	return n, err
}

// Clear throws the projection away, for the next generation of it, which it
// returns.
func Clear(ctx context.Context, tx pgx.Tx) (generation int, err error) {
	err = tx.QueryRow(ctx, `UPDATE sales_generation SET generation = generation + 1 RETURNING generation`).Scan(&generation)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `TRUNCATE sales, sales_lines, sales_progress`)
	return generation, err
}
