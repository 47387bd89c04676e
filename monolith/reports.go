package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/api"
	"triptych/internal/postgres"
)

// Sales implements api.Reports. With every noun in one database, the report is
// a few queries over the live tables, and as fresh as its snapshot.
func (s *shop) Sales(ctx context.Context, from, to time.Time) (api.Sales, error) {
	report := api.Sales{AsOf: postgres.Now(), Days: []api.DaySales{}, Products: []api.ProductSales{}}
	err := postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		// One snapshot for all three, so that the parts add up to the whole.
		if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`); err != nil {
			return err
		}
		end := to.AddDate(0, 0, 1)
		err := tx.QueryRow(ctx, `
			SELECT count(*) FILTER (WHERE sold), count(*) FILTER (WHERE status = 'cancelled'),
				coalesce(sum(total) FILTER (WHERE sold), 0)::bigint,
				coalesce(sum(vat) FILTER (WHERE sold), 0)::bigint,
				coalesce(sum(discount) FILTER (WHERE sold), 0)::bigint
			FROM orders, LATERAL (SELECT status IN ('confirmed', 'shipped') AS sold) AS s
			WHERE settled_at >= $1 AND settled_at < $2`, from, end).
			Scan(&report.Orders, &report.Cancelled, &report.Revenue, &report.VAT, &report.Discount)
		if err != nil {
			return err
		}
		if report.Days, err = collect[api.DaySales](ctx, tx, `
			SELECT to_char(settled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS date, count(*) AS orders, sum(total)::bigint AS revenue
			FROM orders
			WHERE settled_at >= $1 AND settled_at < $2 AND status IN ('confirmed', 'shipped')
			GROUP BY date ORDER BY date`, from, end); err != nil {
			return err
		}
		report.Products, err = collect[api.ProductSales](ctx, tx, `
			SELECT l.sku, sum(l.quantity)::bigint AS units, sum(l.total)::bigint AS revenue
			FROM orders o JOIN order_lines l ON l.order_id = o.id
			WHERE o.settled_at >= $1 AND o.settled_at < $2 AND o.status IN ('confirmed', 'shipped')
			GROUP BY l.sku ORDER BY revenue DESC, l.sku`, from, end)
		return err
	})
	return report, err
}

func collect[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T])
}
