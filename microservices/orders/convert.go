package main

import (
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triptych/domain/catalog"
	"triptych/domain/money"
	"triptych/domain/order"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	cataloguev1 "triptych/proto/catalogue/v1"
	eventsv1 "triptych/proto/events/v1"
	ordersv1 "triptych/proto/orders/v1"
	stockv1 "triptych/proto/stock/v1"
	"triptych/store/idempotency"
)

func toProto(o order.Order) *ordersv1.Order {
	out := &ordersv1.Order{
		Id: o.ID.String(), AccountId: o.Account.String(), Status: string(o.Status), Lines: toLines(o.Lines),
		Subtotal: int64(o.Subtotal), Discount: int64(o.Discount), Shipping: int64(o.Shipping), Total: int64(o.Total), Vat: int64(o.VAT),
		ShipTo: &ordersv1.Address{
			Name: o.ShipTo.Name, Line1: o.ShipTo.Line1, Line2: o.ShipTo.Line2,
			City: o.ShipTo.City, Postcode: o.ShipTo.Postcode, Country: o.ShipTo.Country,
		},
		PlacedAt:  timestamppb.New(o.PlacedAt),
		SettledAt: optional(o.SettledAt),
	}
	if o.Reason != nil {
		out.Reason = &ordersv1.Reason{Code: o.Reason.Code, Detail: o.Reason.Detail, Sku: o.Reason.SKU}
	}
	for _, c := range o.History {
		out.History = append(out.History, &ordersv1.Change{Status: string(c.Status), At: timestamppb.New(c.At)})
	}
	return out
}

// optional returns nil, which is left out, for the zero time.
func optional(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func toLines(lines []order.Line) []*ordersv1.Line {
	out := make([]*ordersv1.Line, len(lines))
	for i, l := range lines {
		out[i] = &ordersv1.Line{Sku: l.SKU, Name: l.Name, Quantity: int32(l.Quantity), Price: int64(l.Price), Total: int64(l.Total)}
	}
	return out
}

// toStock is an order's lines as the stock needs them.
func toStock(lines []order.Line) []*stockv1.Line {
	out := make([]*stockv1.Line, len(lines))
	for i, l := range lines {
		out[i] = &stockv1.Line{Sku: l.SKU, Quantity: int32(l.Quantity)}
	}
	return out
}

// toEvent is what others need to know of an order's last move.
func toEvent(o order.Order) proto.Message {
	id, at := o.ID.String(), timestamppb.New(o.History[len(o.History)-1].At)
	switch o.Status {
	case order.Confirmed:
		e := &eventsv1.OrderConfirmed{OrderId: id, At: at, Total: int64(o.Total), Vat: int64(o.VAT), Discount: int64(o.Discount)}
		for _, l := range o.Lines {
			e.Lines = append(e.Lines, &eventsv1.SoldLine{Sku: l.SKU, Quantity: int32(l.Quantity), Total: int64(l.Total)})
		}
		return e
	case order.Rejected:
		return &eventsv1.OrderRejected{OrderId: id, At: at, Reason: o.Reason.Code}
	case order.Shipped:
		return &eventsv1.OrderShipped{OrderId: id, At: at}
	case order.Cancelling:
		return &eventsv1.OrderCancelling{OrderId: id, At: at}
	case order.Cancelled:
		return &eventsv1.OrderCancelled{OrderId: id, At: at}
	default:
		return &eventsv1.OrderPlaced{OrderId: id, At: at}
	}
}

// fromProto is a request to place an order: once under that key, and what.
func fromProto(in *ordersv1.PlaceOrderRequest) (r idempotency.Request, d order.Draft, err error) {
	account, err := rpc.ParseID("account_id", in.GetAccountId())
	r = idempotency.Request{Account: account, Key: in.GetKey(), Fingerprint: in.GetFingerprint(), At: postgres.Now()}
	to := in.GetShipTo()
	d = order.Draft{
		FromCart: in.GetFromCart(),
		ShipTo: order.Address{
			Name: to.GetName(), Line1: to.GetLine1(), Line2: to.GetLine2(),
			City: to.GetCity(), Postcode: to.GetPostcode(), Country: to.GetCountry(),
		},
		Token: in.GetPaymentToken(),
	}
	for _, i := range in.GetItems() {
		d.Items = append(d.Items, order.Item{SKU: i.GetSku(), Quantity: int(i.GetQuantity())})
	}
	return r, d, err
}

// fromProducts are what the catalogue knows, by SKU.
func fromProducts(in *cataloguev1.Products) map[string]catalog.Product {
	out := make(map[string]catalog.Product, len(in.GetProducts()))
	for _, p := range in.GetProducts() {
		out[p.GetSku()] = catalog.Product{SKU: p.GetSku(), Name: p.GetName(), Price: money.Amount(p.GetPrice())}
	}
	return out
}

// parseOptionalID reads an id that may be left out; it is zero then.
func parseOptionalID(field, s string) (uuid.UUID, error) {
	if s == "" {
		return uuid.Nil, nil
	}
	return rpc.ParseID(field, s)
}
