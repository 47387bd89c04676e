package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"triptych/domain/money"
	"triptych/lab/client"
)

// placed is the part of an order's JSON that is shown.
type placed struct {
	ID     string
	Status string
	Reason *struct{ Detail string }
	Lines  []struct {
		SKU, Name    string
		Quantity     int
		Price, Total money.Amount
	}
	Subtotal, Discount, Shipping, Total, VAT money.Amount
}

// A customer is ada, signed in to one shop.
type customer struct {
	*client.Client
	shop *shop
}

func newCustomer(ctx context.Context, s *shop) (*customer, error) {
	c := &customer{client.New(s.URL), s}
	account := map[string]string{
		"email": "ada-" + rand.Text()[:8] + "@example.com", "password": rand.Text(), "name": "Ada Lovelace",
	}
	if _, err := c.Do(ctx, client.Call{Method: "POST", Path: "/v1/accounts", Body: account}, nil); err != nil {
		return nil, err
	}
	return c, c.SignIn(ctx, account["email"], account["password"])
}

// inStock lists what the shop has, in its order, and how many.
func (c *customer) inStock(ctx context.Context) (skus []string, stock map[string]int, err error) {
	var shelf struct {
		Items []struct {
			SKU   string
			Stock int
		}
	}
	if _, err := c.Do(ctx, client.Call{Method: "GET", Path: "/v1/products?limit=100"}, &shelf); err != nil {
		return nil, nil, err
	}
	stock = map[string]int{}
	for _, product := range shelf.Items {
		skus = append(skus, product.SKU)
		stock[product.SKU] = product.Stock
	}
	return skus, stock, nil
}

// chooseBasket takes one of a product, two of another and three of a third, as
// far as every shop has them.
func chooseBasket(ctx context.Context, customers []*customer) (basket []string, err error) {
	var skus []string
	everywhere := map[string]int{}
	for i, c := range customers {
		here, stock, err := c.inStock(ctx)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			skus, everywhere = here, stock
		}
		for _, sku := range skus {
			everywhere[sku] = min(everywhere[sku], stock[sku])
		}
	}
	for _, sku := range skus {
		if enough := warmUps + len(basket) + 1; len(basket) < 3 && everywhere[sku] >= enough {
			basket = append(basket, sku)
		}
	}
	if len(basket) == 0 {
		return nil, errors.New("the shop has sold out: begin with new data by --fresh")
	}
	return basket, nil
}

// buy fills the cart and orders it: one of the first product, two of the second
// and so on.
func (c *customer) buy(ctx context.Context, basket []string) (p placing, err error) {
	for i, sku := range basket {
		line := client.Call{Method: "PUT", Path: "/v1/cart/lines/" + sku, Body: map[string]int{"quantity": i + 1}}
		if _, err := c.Do(ctx, line, nil); err != nil {
			return p, err
		}
	}
	p.shop = c.shop
	begun := time.Now()
	header, err := c.Do(ctx, client.Call{
		Method: "POST", Path: "/v1/orders",
		Header: map[string]string{"Idempotency-Key": rand.Text(), "Prefer": "wait=10"},
		Body: map[string]any{
			"ship_to": map[string]string{"name": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postcode": "SW1Y 4JH", "country": "GB"},
			"payment": map[string]string{"token": "tok_visa"},
		},
	}, &p.order)
	if err != nil {
		return p, err
	}
	p.took = time.Since(begun)
	if p.order.Reason != nil {
		return p, fmt.Errorf("it was %s: %s", p.order.Status, p.order.Reason.Detail)
	}
	p.trace, err = traceOf(header.Get("Trace-Id"))
	return p, err
}

func receipt(o placed, out *screen) {
	out.heading("The order")
	rows := [][]string{}
	for _, l := range o.Lines {
		rows = append(rows, []string{fmt.Sprint(l.Quantity), l.Name, l.Price.String(), l.Total.String()})
	}
	rows = append(rows,
		[]string{"", "discount", "", (-o.Discount).String()},
		[]string{"", "shipping", "", o.Shipping.String()},
		[]string{"", "total, of which VAT " + o.VAT.String(), "", o.Total.String()},
	)
	out.table(map[int]bool{0: true, 2: true, 3: true}, rows...)
}
