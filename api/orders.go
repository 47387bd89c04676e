package api

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/domain/order"
	"triptych/domain/payment"
	"triptych/internal/rest"
)

// Orders is what an architecture does about orders. A customer's calls see
// that customer's orders alone; another's is "not_found".
type Orders interface {
	// PlaceOrder places an order, at most one per key. A key that is known,
	// with the same fingerprint, returns the order it made and replayed.
	PlaceOrder(ctx context.Context, by Caller, once Once, d order.Draft, wait time.Duration) (o order.Order, replayed bool, err error)
	// Order returns one order; it waits up to wait until it is settled.
	Order(ctx context.Context, by Caller, id uuid.UUID, wait time.Duration) (order.Order, error)
	// Orders lists orders, newest first; an empty status lists all.
	Orders(ctx context.Context, by Caller, status order.Status, p rest.Page) (rest.List[order.Order], error)
	// CancelOrder gives stock and money back.
	CancelOrder(ctx context.Context, by Caller, id uuid.UUID) (order.Order, error)
	// ShipOrder sends a confirmed order off.
	ShipOrder(ctx context.Context, id uuid.UUID) (order.Order, error)
}

// Once names a request that must have its effect at most once: the client's
// key, and a fingerprint that tells whether a request under the same key is
// the same request.
type Once struct {
	Key         string
	Fingerprint [sha256.Size]byte
}

type orderJSON struct {
	ID     uuid.UUID    `json:"id"`
	Status order.Status `json:"status"`
	Reason *reasonJSON  `json:"reason,omitempty"`
	Lines  []lineJSON   `json:"lines"`
	totalsJSON
	ShipTo    addressJSON  `json:"ship_to"`
	PlacedAt  time.Time    `json:"placed_at"`
	SettledAt time.Time    `json:"settled_at,omitzero"`
	History   []changeJSON `json:"history"`
}

type reasonJSON struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	SKU    string `json:"sku,omitempty"`
}

type addressJSON struct {
	Name     string `json:"name"`
	Line1    string `json:"line1"`
	Line2    string `json:"line2,omitempty"`
	City     string `json:"city"`
	Postcode string `json:"postcode"`
	Country  string `json:"country"`
}

type changeJSON struct {
	Status order.Status `json:"status"`
	At     time.Time    `json:"at"`
}

func toOrder(o order.Order) orderJSON {
	out := orderJSON{
		ID: o.ID, Status: o.Status, Lines: toLines(o.Lines), totalsJSON: totalsJSON(o.Totals),
		ShipTo: addressJSON(o.ShipTo), PlacedAt: o.PlacedAt.UTC(), SettledAt: o.SettledAt.UTC(),
		History: make([]changeJSON, len(o.History)),
	}
	if o.Reason != nil {
		out.Reason = &reasonJSON{o.Reason.Code, o.Reason.Detail, o.Reason.SKU}
	}
	for i, c := range o.History {
		out.History[i] = changeJSON{c.Status, c.At.UTC()}
	}
	return out
}

func (s *server) placeOrder(w http.ResponseWriter, r *http.Request, by Caller) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var in struct {
		Lines *[]struct {
			SKU      string `json:"sku"`
			Quantity int    `json:"quantity"`
		} `json:"lines"`
		ShipTo  addressJSON `json:"ship_to"`
		Payment struct {
			Token string `json:"token"`
		} `json:"payment"`
	}
	body, err := rest.Decode(w, r, &in)
	if err != nil {
		return err
	}
	d := order.Draft{ShipTo: order.Address(in.ShipTo), Token: in.Payment.Token, FromCart: in.Lines == nil}
	if in.Lines != nil {
		d.Items = make([]order.Item, len(*in.Lines))
		for i, l := range *in.Lines {
			d.Items[i] = order.Item{SKU: l.SKU, Quantity: l.Quantity}
		}
	}
	if err := d.Validate(); err != nil {
		return err
	}
	if _, err := payment.Decide(d.Token); err != nil {
		return err
	}
	once := Once{key, sha256.Sum256(append([]byte("POST /v1/orders\n"), body...))}
	o, replayed, err := s.Orders.PlaceOrder(r.Context(), by, once, d, preferWait(w, r))
	if err != nil {
		return err
	}
	return writePlaced(w, o, replayed)
}

// writePlaced answers 201 with an order that is settled, 202 with one that is not.
func writePlaced(w http.ResponseWriter, o order.Order, replayed bool) error {
	w.Header().Set("Location", "/v1/orders/"+o.ID.String())
	if replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return rest.JSON(w, createdOr(http.StatusAccepted, o.Status.Settled()), toOrder(o))
}

func (s *server) getOrder(w http.ResponseWriter, r *http.Request, by Caller) error {
	id, err := pathID(r, "order")
	if err != nil {
		return err
	}
	o, err := s.Orders.Order(r.Context(), by, id, preferWait(w, r))
	if err != nil {
		return err
	}
	return rest.JSON(w, http.StatusOK, toOrder(o))
}

func (s *server) listOrders(w http.ResponseWriter, r *http.Request, by Caller) error {
	q, err := rest.Known(r, "status", "limit", "cursor")
	if err != nil {
		return err
	}
	status := order.Status(q.Get("status"))
	if q.Has("status") && !status.Valid() {
		return rest.BadParameter("status", "is not a status of an order")
	}
	page, err := rest.ReadPage(q)
	if err != nil {
		return err
	}
	list, err := s.Orders.Orders(r.Context(), by, status, page)
	if err != nil {
		return err
	}
	return writeList(w, list, toOrder)
}

func (s *server) cancelOrder(w http.ResponseWriter, r *http.Request, by Caller) error {
	id, err := pathID(r, "order")
	if err != nil {
		return err
	}
	o, err := s.Orders.CancelOrder(r.Context(), by, id)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if o.Status == order.Cancelling {
		status = http.StatusAccepted
		w.Header().Set("Location", "/v1/orders/"+o.ID.String())
	}
	return rest.JSON(w, status, toOrder(o))
}

func (s *server) shipOrder(w http.ResponseWriter, r *http.Request, _ Caller) error {
	id, err := pathID(r, "order")
	if err != nil {
		return err
	}
	o, err := s.Orders.ShipOrder(r.Context(), id)
	if err != nil {
		return err
	}
	return rest.JSON(w, http.StatusOK, toOrder(o))
}
