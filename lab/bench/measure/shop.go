// Package measure is what the benchmarks of architectures have in common:
// customers who cost little, loads, what processes use of the machine, and
// tables.
package measure

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/lab/client"
)

// A Shop is one that is up, to be bought at.
type Shop struct {
	Addr     string // host and port
	Products int    // that there are, once it is filled
	Head     string // more header lines of every request, each with its end of line

	token string // of the customer
}

// SKU names product n. All names are equally long, so that they sort as their
// numbers do.
func SKU(n int) string { return fmt.Sprintf("%s%d", SKUPrefix, SKUBase+n) }

// What the names of products are made of.
const (
	SKUPrefix = "BENCH-"
	SKUBase   = 10_000

	MaxProducts = 80_000
)

// stocked is more than any run can sell of one product.
const stocked = 1_000_000

// Fill makes the products, which are all alike but for their names, and a
// customer.
func (s *Shop) Fill(ctx context.Context, email, password string) error {
	manager := client.New("http://" + s.Addr)
	if err := manager.SignIn(ctx, email, password); err != nil {
		return fmt.Errorf("sign in as the manager: %w", err)
	}
	g, making := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for n := range s.Products {
		g.Go(func() error { return addProduct(making, manager, SKU(n)) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("make products: %w", err)
	}
	return s.addCustomer(ctx)
}

func addProduct(ctx context.Context, manager *client.Client, sku string) error {
	product := map[string]any{"name": "Bench", "description": "Made to be measured", "category": "bench", "price": 1999}
	if _, err := manager.Do(ctx, client.Call{Method: "PUT", Path: "/v1/products/" + sku, Body: product}, nil); err != nil {
		return err
	}
	more := map[string]any{"delta": stocked, "reason": "bench"}
	_, err := manager.Do(ctx, client.Call{Method: "POST", Path: "/v1/products/" + sku + "/stock", Body: more}, nil)
	return err
}

func (s *Shop) addCustomer(ctx context.Context) error {
	const email, password = "bench@example.com", "bench-bench-bench"
	customer := client.New("http://" + s.Addr)
	account := map[string]string{"email": email, "password": password, "name": "Bench"}
	if _, err := customer.Do(ctx, client.Call{Method: "POST", Path: "/v1/accounts", Body: account}, nil); err != nil {
		return fmt.Errorf("make a customer: %w", err)
	}
	if err := customer.SignIn(ctx, email, password); err != nil {
		return fmt.Errorf("sign in as the customer: %w", err)
	}
	s.token = customer.Token
	return nil
}

// Dial brings a customer to the shop.
func (s *Shop) Dial(ctx context.Context) (*Customer, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	return newCustomer(c, s.Addr, s.token, s.Head), nil
}

// An Order is two lines of one each, of products from all of the catalogue.
type Order struct {
	Key    string
	SKUs   [2]string // in order
	Answer []byte    // good until the customer's next request

	body string
}

var keys atomic.Int64

// firstKey has the keys of two runs on one shop differ.
var firstKey = time.Now().UnixMilli() * 1_000

func (s *Shop) newOrder() Order {
	half := s.Products / 2
	o := Order{
		Key:  fmt.Sprintf("bench-%019d", firstKey+keys.Add(1)),
		SKUs: [2]string{SKU(rand.IntN(half)), SKU(half + rand.IntN(s.Products-half))},
	}
	o.body = strings.NewReplacer("SKU1", o.SKUs[0], "SKU2", o.SKUs[1]).Replace(`{"lines":[{"sku":"SKU1","quantity":1},{"sku":"SKU2","quantity":1}],` +
		`"ship_to":{"name":"B. Ench","line1":"1 High Street","city":"Leeds","postcode":"LS1 1AA","country":"GB"},` +
		`"payment":{"token":"tok_visa"}}`)
	return o
}

// Place has a customer place an order. An answer that does not say that it is
// confirmed is an error.
func (s *Shop) Place(c *Customer) (Order, error) {
	o := s.newOrder()
	status, err := c.Post("/v1/orders", o.Key, o.body)
	if err == nil && (status != http.StatusCreated || !bytes.Contains(c.Body, []byte(`"status":"confirmed"`))) {
		err = Unexpected("an order", status, c.Body)
	}
	o.Answer = c.Body
	return o, err
}
