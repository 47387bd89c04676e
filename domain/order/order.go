// Package order is the heart of the shop: what an order is, what it costs, and
// which moves it may make.
package order

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"triptych/domain/catalog"
	"triptych/domain/money"
)

// An Order is what one customer bought, at the prices of that moment.
type Order struct {
	ID      uuid.UUID
	Account uuid.UUID // whose it is
	Status  Status
	Reason  *Reason // why it was rejected; nil otherwise
	Lines   []Line
	Totals
	ShipTo    Address
	PlacedAt  time.Time
	SettledAt time.Time // when it was first confirmed or rejected; zero while pending
	History   []Change
}

// A Line is one product of an order.
type Line struct {
	SKU      string
	Name     string
	Quantity int
	Price    money.Amount // of one
	Total    money.Amount // of all, less the reduction for quantity
}

// A Reason says why an order was rejected.
type Reason struct {
	Code   string
	Detail string
	SKU    string // the product that was out of stock, if that is why
}

// OutOfStock is why an order that wants more than is there is rejected.
func OutOfStock(sku string) Reason {
	return Reason{Code: "out_of_stock", Detail: "not enough " + sku + " in stock", SKU: sku}
}

// A Change is one move of an order, and when it was made.
type Change struct {
	Status Status
	At     time.Time
}

// New prices a draft that Validate has passed and returns it as a pending
// order. products holds every product that is for sale among those the draft
// names; one that is missing is the fault "unknown_product".
func New(id, account uuid.UUID, d Draft, products map[string]catalog.Product, now time.Time) (Order, error) {
	lines, err := Lines(d.Items, products)
	if err != nil {
		return Order{}, err
	}
	return Order{
		ID:       id,
		Account:  account,
		Status:   Pending,
		Lines:    lines,
		Totals:   Total(lines),
		ShipTo:   d.ShipTo,
		PlacedAt: now,
		History:  []Change{{Pending, now}},
	}, nil
}

// Lines puts names and prices to items.
func Lines(items []Item, products map[string]catalog.Product) ([]Line, error) {
	lines := make([]Line, len(items))
	for i, item := range items {
		p, ok := products[item.SKU]
		if !ok {
			return nil, catalog.UnknownProduct(fmt.Sprintf("/lines/%d/sku", i), item.SKU)
		}
		lines[i] = Line{p.SKU, p.Name, item.Quantity, p.Price, LineTotal(p.Price, item.Quantity)}
	}
	return lines, nil
}
