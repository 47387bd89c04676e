// Package audit asks of the microservices' databases, all together, what one
// database would promise by itself: that no order was sold that is not there, and
// no money was taken without one. It knows the tables of every service, and is
// for tests and the lab alone.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/order"
	"triptych/internal/kafka"
)

// Books is what the services' databases and the log hold.
type Books struct {
	Orders       map[uuid.UUID]Order
	Stock        map[string]int64 // on hand, by SKU
	Movements    []Movement
	Reservations map[uuid.UUID]string // their states
	Ledger       []Entry
	Payments     map[uuid.UUID]string // how far each is: the status of its authorisation
	Processor    []Told               // the card processor's own list
	Sales        map[uuid.UUID]Sale
	Events       map[uuid.UUID][]Event // of each order, each once, in the order of the log
	Unsent       map[string]int        // rows in each outbox
}

// An Order is an order as its service has it, with where its saga stands.
type Order struct {
	ID      uuid.UUID
	Status  order.Status
	Totals  order.Totals
	Lines   []order.Line
	History []order.Status
	Numbers []int // of the history's rows
	Step    string
	Token   bool // the saga still holds the payment token
}

// A Movement is one of the stock's ledger.
type Movement struct {
	SKU    string
	Delta  int64
	Reason string
	Order  uuid.UUID // zero when none caused it
}

// An Entry is one of the payments' ledger.
type Entry struct {
	Key, Ledger string
	Amount      int64
	Order       uuid.UUID
}

// Told is one thing that the card processor was told to do.
type Told struct {
	Order  uuid.UUID
	Kind   string
	Amount int64
}

// A Sale is an order as the reports have it.
type Sale struct {
	Status string
	Total  int64
}

// An Event is one of an order's in the log.
type Event struct {
	ID   uuid.UUID
	Type string
}

// A Source is where the books are: the database of each service, as a user who may
// read it, and the log.
type Source struct {
	URL     func(service string) string
	Brokers string
}

// Read reads the books. They are whole when nothing is under way any more: see Settled.
func Read(ctx context.Context, s Source) (b *Books, err error) {
	b = &Books{
		Orders: map[uuid.UUID]Order{}, Stock: map[string]int64{}, Reservations: map[uuid.UUID]string{}, Payments: map[uuid.UUID]string{},
		Sales: map[uuid.UUID]Sale{}, Events: map[uuid.UUID][]Event{}, Unsent: map[string]int{},
	}
	for service, read := range map[string]func(context.Context, *pgx.Conn) error{
		"orders":   b.readOrders,
		"stock":    b.readStock,
		"payments": b.readPayments,
		"reports":  b.readReports,
		"payroll":  func(ctx context.Context, c *pgx.Conn) error { return b.readOutbox(ctx, c, "payroll") },
		"pictures": func(ctx context.Context, c *pgx.Conn) error { return b.readOutbox(ctx, c, "pictures") },
	} {
		if err := readFrom(ctx, s.URL(service), read); err != nil {
			return nil, fmt.Errorf("read the books of %s: %w", service, err)
		}
	}
	return b, b.readEvents(ctx, s.Brokers)
}

func readFrom(ctx context.Context, url string, read func(context.Context, *pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	return read(ctx, c)
}

// each runs f after scanning each row of a query.
func each(ctx context.Context, c *pgx.Conn, sql string, into []any, f func()) error {
	rows, err := c.Query(ctx, sql)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, into, func() error { f(); return nil })
	return err
}

func (b *Books) readOrders(ctx context.Context, c *pgx.Conn) error {
	var o Order
	var token bool
	err := each(ctx, c, `
		SELECT o.id, o.status, o.subtotal, o.discount, o.shipping, o.total, o.vat, s.step, s.payment_token IS NOT NULL
		FROM orders o JOIN sagas s ON s.order_id = o.id`,
		[]any{&o.ID, &o.Status, &o.Totals.Subtotal, &o.Totals.Discount, &o.Totals.Shipping, &o.Totals.Total, &o.Totals.VAT, &o.Step, &token}, func() {
			o.Token = token
			b.Orders[o.ID] = o
		})
	if err != nil {
		return err
	}
	var id uuid.UUID
	var l order.Line
	err = each(ctx, c, `SELECT order_id, sku, quantity, price, total FROM order_lines ORDER BY order_id, n`,
		[]any{&id, &l.SKU, &l.Quantity, &l.Price, &l.Total}, func() {
			o := b.Orders[id]
			o.Lines = append(o.Lines, l)
			b.Orders[id] = o
		})
	if err != nil {
		return err
	}
	var n int
	var status order.Status
	err = each(ctx, c, `SELECT order_id, n, status FROM order_history ORDER BY order_id, n`, []any{&id, &n, &status}, func() {
		o := b.Orders[id]
		o.History, o.Numbers = append(o.History, status), append(o.Numbers, n)
		b.Orders[id] = o
	})
	if err != nil {
		return err
	}
	return b.readOutbox(ctx, c, "orders")
}

func (b *Books) readOutbox(ctx context.Context, c *pgx.Conn, service string) error {
	var n int
	err := c.QueryRow(ctx, `SELECT count(*) FROM outbox`).Scan(&n)
	b.Unsent[service] = n
	return err
}

func (b *Books) readStock(ctx context.Context, c *pgx.Conn) error {
	var sku, state string
	var n int64
	if err := each(ctx, c, `SELECT sku, on_hand FROM stock`, []any{&sku, &n}, func() { b.Stock[sku] = n }); err != nil {
		return err
	}
	var m Movement
	var id *uuid.UUID
	err := each(ctx, c, `SELECT sku, delta, reason, order_id FROM stock_movements ORDER BY id`, []any{&m.SKU, &m.Delta, &m.Reason, &id}, func() {
		m.Order = uuid.Nil
		if id != nil {
			m.Order = *id
		}
		b.Movements = append(b.Movements, m)
	})
	if err != nil {
		return err
	}
	var of uuid.UUID
	return each(ctx, c, `SELECT order_id, state FROM reservations`, []any{&of, &state}, func() { b.Reservations[of] = state })
}

func (b *Books) readPayments(ctx context.Context, c *pgx.Conn) error {
	var e Entry
	err := each(ctx, c, `SELECT key, ledger, amount, order_id FROM ledger_entries`, []any{&e.Key, &e.Ledger, &e.Amount, &e.Order}, func() {
		b.Ledger = append(b.Ledger, e)
	})
	if err != nil {
		return err
	}
	var of uuid.UUID
	var status string
	err = each(ctx, c, `SELECT order_id, status FROM authorisations`, []any{&of, &status}, func() { b.Payments[of] = status })
	if err != nil {
		return err
	}
	var t Told
	return each(ctx, c, `SELECT order_id, kind, amount FROM processor_log ORDER BY id`, []any{&t.Order, &t.Kind, &t.Amount}, func() {
		b.Processor = append(b.Processor, t)
	})
}

func (b *Books) readReports(ctx context.Context, c *pgx.Conn) error {
	var id uuid.UUID
	var s Sale
	return each(ctx, c, `SELECT order_id, status, coalesce(total, 0) FROM sales`, []any{&id, &s.Status, &s.Total}, func() { b.Sales[id] = s })
}

// readEvents reads every event of orders. One that was sent twice counts once.
func (b *Books) readEvents(ctx context.Context, brokers string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	log, err := kafka.Open(brokers)
	if err != nil {
		return err
	}
	defer log.Close()
	if err := log.Ready(ctx); err != nil {
		return err
	}
	seen := map[uuid.UUID]bool{}
	return log.Scan(ctx, "orders", func(m kafka.Message) error {
		id, err := uuid.Parse(m.Key)
		if err != nil || seen[m.ID] {
			return err
		}
		seen[m.ID] = true
		b.Events[id] = append(b.Events[id], Event{m.ID, m.Type})
		return nil
	})
}
