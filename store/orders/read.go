package orders

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/order"
	"triptych/internal/postgres"
)

// read returns the orders that the end of a query names, whole.
func read(ctx context.Context, db postgres.DB, where string, args ...any) ([]order.Order, error) {
	rows, err := db.Query(ctx, `
		SELECT id, account_id, status, coalesce(reason_code, ''), coalesce(reason_detail, ''), coalesce(reason_sku, ''),
			subtotal, discount, shipping, total, vat,
			ship_name, ship_line1, ship_line2, ship_city, ship_postcode, ship_country, placed_at, settled_at
		FROM orders `+where, args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, scan)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found, complete(ctx, db, found)
}

func scan(row pgx.CollectableRow) (o order.Order, err error) {
	var r order.Reason
	var settled *time.Time
	err = row.Scan(&o.ID, &o.Account, &o.Status, &r.Code, &r.Detail, &r.SKU,
		&o.Subtotal, &o.Discount, &o.Shipping, &o.Total, &o.VAT,
		&o.ShipTo.Name, &o.ShipTo.Line1, &o.ShipTo.Line2, &o.ShipTo.City, &o.ShipTo.Postcode, &o.ShipTo.Country,
		&o.PlacedAt, &settled)
	if r.Code != "" {
		o.Reason = &r
	}
	if settled != nil {
		o.SettledAt = *settled
	}
	return o, err
}

// complete adds their lines and history to orders, in one round trip.
func complete(ctx context.Context, db postgres.DB, found []order.Order) error {
	ids := make([]uuid.UUID, len(found))
	byID := make(map[uuid.UUID]*order.Order, len(found))
	for i := range found {
		ids[i] = found[i].ID
		byID[ids[i]] = &found[i]
	}
	var b pgx.Batch
	b.Queue(`
		SELECT order_id, sku, name, quantity, price, total FROM order_lines
		WHERE order_id = ANY ($1) ORDER BY order_id, n`, ids).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		var l order.Line
		_, err := pgx.ForEachRow(rows, []any{&id, &l.SKU, &l.Name, &l.Quantity, &l.Price, &l.Total}, func() error {
			byID[id].Lines = append(byID[id].Lines, l)
			return nil
		})
		return err
	})
	b.Queue(`
		SELECT order_id, status, at FROM order_history
		WHERE order_id = ANY ($1) ORDER BY order_id, n`, ids).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		var c order.Change
		_, err := pgx.ForEachRow(rows, []any{&id, &c.Status, &c.At}, func() error {
			byID[id].History = append(byID[id].History, c)
			return nil
		})
		return err
	})
	return db.SendBatch(ctx, &b).Close()
}
