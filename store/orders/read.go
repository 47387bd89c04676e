package orders

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/domain/money"
	"triptych/domain/order"
	"triptych/internal/postgres"
)

// selection reads whole orders. It is one statement, so that an order that is
// moved meanwhile is seen as it was before or as it is after, with the history
// that belongs to its status.
const selection = `
	SELECT id, account_id, orders.status, coalesce(reason_code, ''), coalesce(reason_detail, ''), coalesce(reason_sku, ''),
		subtotal, discount, shipping, orders.total, vat,
		ship_name, ship_line1, ship_line2, ship_city, ship_postcode, ship_country, placed_at, settled_at,
		skus, names, quantities, prices, totals, statuses, times
	FROM orders
	CROSS JOIN LATERAL (
		SELECT array_agg(sku ORDER BY n) AS skus, array_agg(name ORDER BY n) AS names, array_agg(quantity ORDER BY n) AS quantities,
			array_agg(price ORDER BY n) AS prices, array_agg(total ORDER BY n) AS totals
		FROM order_lines WHERE order_id = id) AS lines
	CROSS JOIN LATERAL (
		SELECT array_agg(status ORDER BY n) AS statuses, array_agg(at ORDER BY n) AS times
		FROM order_history WHERE order_id = id) AS history `

// read returns the orders that the end of a query names.
func read(ctx context.Context, db postgres.DB, where string, args ...any) ([]order.Order, error) {
	rows, err := db.Query(ctx, selection+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// columns are an order's lines and history as PostgreSQL takes and gives them:
// an array for each column.
type columns struct {
	skus, names    []string
	quantities     []int
	prices, totals []money.Amount
	statuses       []order.Status
	times          []time.Time
}

func split(o order.Order) (c columns) {
	for _, l := range o.Lines {
		c.skus, c.names, c.quantities = append(c.skus, l.SKU), append(c.names, l.Name), append(c.quantities, l.Quantity)
		c.prices, c.totals = append(c.prices, l.Price), append(c.totals, l.Total)
	}
	for _, h := range o.History {
		c.statuses, c.times = append(c.statuses, h.Status), append(c.times, h.At)
	}
	return c
}

func (c columns) join(o *order.Order) {
	for i, sku := range c.skus {
		o.Lines = append(o.Lines, order.Line{SKU: sku, Name: c.names[i], Quantity: c.quantities[i], Price: c.prices[i], Total: c.totals[i]})
	}
	for i, s := range c.statuses {
		o.History = append(o.History, order.Change{Status: s, At: c.times[i]})
	}
}

func scan(row pgx.CollectableRow) (o order.Order, err error) {
	var r order.Reason
	var settled *time.Time
	var c columns
	err = row.Scan(&o.ID, &o.Account, &o.Status, &r.Code, &r.Detail, &r.SKU,
		&o.Subtotal, &o.Discount, &o.Shipping, &o.Total, &o.VAT,
		&o.ShipTo.Name, &o.ShipTo.Line1, &o.ShipTo.Line2, &o.ShipTo.City, &o.ShipTo.Postcode, &o.ShipTo.Country,
		&o.PlacedAt, &settled,
		&c.skus, &c.names, &c.quantities, &c.prices, &c.totals, &c.statuses, &c.times)
	if r.Code != "" {
		o.Reason = &r
	}
	if settled != nil {
		o.SettledAt = *settled
	}
	c.join(&o)
	return o, err
}
