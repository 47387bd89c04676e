package reports

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/domain/money"
)

// A Report is what was sold in some days. Orders that were cancelled are
// counted, and are in no sum.
type Report struct {
	Orders    int
	Cancelled int
	Revenue   money.Amount
	VAT       money.Amount
	Discount  money.Amount
	Days      []Day
	Products  []Product
}

// A Day is what was sold on it.
type Day struct {
	Date    string // 2026-11-24
	Orders  int
	Revenue money.Amount
}

// A Product is what was sold of it.
type Product struct {
	SKU     string
	Units   int
	Revenue money.Amount
}

// Freeze, at the beginning of a transaction, has it see all of the projection at
// one moment, so that the parts of a report add up. The lock keeps out who would
// clear the tables, which not even a snapshot is safe from.
func Freeze(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `LOCK TABLE sales, sales_lines, sales_progress IN ACCESS SHARE MODE`)
	return err
}

// Sales reports on the orders confirmed from one day to another, both included,
// both midnight UTC.
func Sales(ctx context.Context, tx pgx.Tx, from, to time.Time) (r Report, err error) {
	end := to.AddDate(0, 0, 1)
	err = tx.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE status = 'sold'), count(*) FILTER (WHERE status = 'cancelled'),
			coalesce(sum(total) FILTER (WHERE status = 'sold'), 0)::bigint,
			coalesce(sum(vat) FILTER (WHERE status = 'sold'), 0)::bigint,
			coalesce(sum(discount) FILTER (WHERE status = 'sold'), 0)::bigint
		FROM sales
		WHERE confirmed_at >= $1 AND confirmed_at < $2`, from, end).
		Scan(&r.Orders, &r.Cancelled, &r.Revenue, &r.VAT, &r.Discount)
	if err != nil {
		return r, err
	}
	if r.Days, err = collect[Day](ctx, tx, `
		SELECT to_char(confirmed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS date, count(*) AS orders, sum(total)::bigint AS revenue
		FROM sales
		WHERE confirmed_at >= $1 AND confirmed_at < $2 AND status = 'sold'
		GROUP BY date ORDER BY date`, from, end); err != nil {
		return r, err
	}
	r.Products, err = collect[Product](ctx, tx, `
		SELECT l.sku, sum(l.quantity)::bigint AS units, sum(l.total)::bigint AS revenue
		FROM sales s JOIN sales_lines l USING (order_id)
		WHERE s.confirmed_at >= $1 AND s.confirmed_at < $2 AND s.status = 'sold'
		GROUP BY l.sku ORDER BY revenue DESC, l.sku`, from, end)
	return r, err
}

func collect[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T])
}
