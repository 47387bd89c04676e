package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/waittest"
	cartsv1 "triptych/proto/carts/v1"
	cataloguev1 "triptych/proto/catalogue/v1"
	ordersv1 "triptych/proto/orders/v1"
	paymentsv1 "triptych/proto/payments/v1"
	stockv1 "triptych/proto/stock/v1"
	"triptych/store/orders"
)

// A shop is this service, with a database of the test's own and neighbours in
// memory. Its events stay in the outbox.
type shop struct {
	*neighbours
	db     *pgxpool.Pool
	others others
	shelf  catalogue
	*process
}

// A process is one of this service, as the gateway sees it.
type process struct {
	server *server
	orders ordersv1.OrdersClient
	carts  cartsv1.CartsClient
}

func open(t testing.TB) *shop {
	t.Helper()
	s := stopped(t)
	waittest.Beside(t, s.server.loop.run)
	return s
}

// stopped opens a shop that takes orders, and has nobody who carries their sagas on.
func stopped(t testing.TB) *shop {
	t.Helper()
	n := newNeighbours()
	s := &shop{neighbours: n, db: pgtest.New(t, schemas...)}
	s.shelf = catalogue{cataloguev1.NewCatalogueClient(rpctest.Serve(t, "catalogue", "orders", func(r grpc.ServiceRegistrar) {
		cataloguev1.RegisterCatalogueServer(r, n)
	}))}
	s.others = others{
		paymentsv1.NewPaymentsClient(rpctest.Serve(t, "payments", "orders", func(r grpc.ServiceRegistrar) { paymentsv1.RegisterPaymentsServer(r, n) })),
		stockv1.NewStockClient(rpctest.Serve(t, "stock", "orders", func(r grpc.ServiceRegistrar) { stockv1.RegisterStockServer(r, n) })),
	}
	s.process = s.start(t)
	return s
}

// start starts another process on the shop's database.
func (s *shop) start(t testing.TB) *process {
	t.Helper()
	p := &process{server: newServer(s.db, s.shelf, s.others, func() {})}
	conn := rpctest.Serve(t, "orders", "gateway", func(r grpc.ServiceRegistrar) {
		ordersv1.RegisterOrdersServer(r, p.server)
		cartsv1.RegisterCartsServer(r, &cartServer{db: s.db, catalogue: s.shelf})
	})
	p.orders, p.carts = ordersv1.NewOrdersClient(conn), cartsv1.NewCartsClient(conn)
	return p
}

// product puts a product with some stock on sale.
func (s *shop) product(sku string, price int64, onHand int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prices[sku], s.onHand[sku] = price, onHand
}

// left returns how many of a product are on hand.
func (s *shop) left(sku string) int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.onHand[sku]
}

// request asks for items, given as "SKU", quantity, "SKU", quantity …, with a
// card that is good; for the cart, when there are none.
func request(account uuid.UUID, items ...any) *ordersv1.PlaceOrderRequest {
	r := &ordersv1.PlaceOrderRequest{
		AccountId: account.String(), Key: uuid.NewString(), Fingerprint: []byte{1}, FromCart: len(items) == 0,
		ShipTo:       &ordersv1.Address{Name: "Ada Lovelace", Line1: "12 St James's Square", City: "London", Postcode: "SW1Y 4JH", Country: "GB"},
		PaymentToken: "tok_visa",
	}
	for i := 0; i < len(items); i += 2 {
		r.Items = append(r.Items, &ordersv1.Item{Sku: items[i].(string), Quantity: int32(items[i+1].(int))})
	}
	return r
}

// place places an order and returns its id.
func (p *process) place(t testing.TB, r *ordersv1.PlaceOrderRequest) string {
	t.Helper()
	placed, err := p.orders.PlaceOrder(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return placed.GetOrder().GetId()
}

// buy places an order and returns it once it is settled.
func (p *process) buy(t testing.TB, r *ordersv1.PlaceOrderRequest) *ordersv1.Order {
	t.Helper()
	return p.settled(t, p.place(t, r))
}

// settled watches an order until it is, and returns it then.
func (p *process) settled(t testing.TB, id string) *ordersv1.Order {
	t.Helper()
	seen := p.watch(t, id)
	return seen[len(seen)-1]
}

// watch returns what is shown of an order until it is settled.
func (p *process) watch(t testing.TB, id string) (seen []*ordersv1.Order) {
	t.Helper()
	stream, err := p.orders.WatchOrder(t.Context(), &ordersv1.OrderRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	for {
		o, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return seen
		}
		if err != nil {
			t.Fatalf("order %s is shown %d times, then: %v", id, len(seen), err)
		}
		seen = append(seen, o)
	}
}

// expire ends every lease, as if those who had them had died a while ago.
func (s *shop) expire(t testing.TB) {
	t.Helper()
	if _, err := s.db.Exec(t.Context(), `UPDATE sagas SET due_at = now() WHERE due_at IS NOT NULL`); err != nil {
		t.Fatal(err)
	}
}

// checkBooks looks at every order, here and at the neighbours, once all of them
// are settled.
func (s *shop) checkBooks(t testing.TB) {
	t.Helper()
	s.checkRows(t)
	all, err := orders.List(t.Context(), s.db, uuid.Nil, "", uuid.Nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range all {
		id, taken := o.ID.String(), o.Status == order.Confirmed || o.Status == order.Shipped
		if !o.Status.Settled() {
			t.Errorf("order %s is %s", id, o.Status)
		}
		if holds := len(s.reserved[id]) > 0; holds != taken {
			t.Errorf("order %s is %s and has its stock: %v", id, o.Status, holds)
		}
		if paid := s.moves[id] == 1; paid != taken || s.moves[id] < 0 || s.moves[id] > 1 {
			t.Errorf("order %s is %s and was paid %d times", id, o.Status, s.moves[id])
		}
		if s.paid[id] == "authorised" {
			t.Errorf("order %s is %s and money is set aside for it", id, o.Status)
		}
	}
}

// checkRows looks at every row for what must hold whatever happened.
func (s *shop) checkRows(t testing.TB) {
	t.Helper()
	for what, sql := range map[string]string{
		"sagas that are elsewhere than their order": `
			SELECT id::text FROM orders JOIN sagas ON order_id = id WHERE step <> status`,
		"orders without a saga, or without a key": `
			SELECT id::text FROM orders LEFT JOIN sagas ON order_id = id LEFT JOIN idempotent_requests ON made = id
			GROUP BY id HAVING count(step) <> 1 OR count(made) <> 1`,
		"payment tokens that are still kept": `
			SELECT order_id::text FROM sagas WHERE payment_token IS NOT NULL`,
		"orders whose events do not tell their history": `
			SELECT order_id::text
			FROM (SELECT order_id, array_agg(status ORDER BY n) AS story FROM order_history GROUP BY order_id) AS history
			LEFT JOIN (SELECT aggregateid::uuid AS order_id,
					array_agg(replace(lower(replace(type, 'events.v1.Order', '')), 'placed', 'pending') ORDER BY id) AS told
				FROM outbox GROUP BY aggregateid) AS events USING (order_id)
			WHERE told IS DISTINCT FROM story`,
	} {
		rows, _ := s.db.Query(t.Context(), sql)
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if len(found) > 0 {
			t.Errorf("%s: %v", what, slices.Sorted(slices.Values(found)))
		}
	}
}

// awaitCall returns when a method was called so often.
func (s *shop) awaitCall(t testing.TB, method string, times int) {
	t.Helper()
	waittest.Until(t, fmt.Sprintf("%s was called %d times", method, times), func() bool { return s.called(method) >= times })
}
