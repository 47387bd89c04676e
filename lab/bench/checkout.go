package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
)

// An order is two lines of one each, of products from all of the catalogue.
type order struct {
	key    string
	skus   [2]string // in order
	body   string
	answer []byte
}

var keys atomic.Int64

func (st *stage) newOrder() order {
	half := st.products / 2
	o := order{
		key:  fmt.Sprintf("bench-%019d", keys.Add(1)),
		skus: [2]string{sku(rand.IntN(half)), sku(half + rand.IntN(st.products-half))},
	}
	o.body = strings.NewReplacer("SKU1", o.skus[0], "SKU2", o.skus[1]).Replace(`{"lines":[{"sku":"SKU1","quantity":1},{"sku":"SKU2","quantity":1}],` +
		`"ship_to":{"name":"B. Ench","line1":"1 High Street","city":"Leeds","postcode":"LS1 1AA","country":"GB"},` +
		`"payment":{"token":"tok_visa"}}`)
	return o
}

func (st *stage) place(c *conn) (order, error) {
	o := st.newOrder()
	status, err := c.post("/v1/orders", o.key, o.body)
	if err == nil && (status != http.StatusCreated || !bytes.Contains(c.body, []byte(`"status":"confirmed"`))) {
		err = unexpected("an order", status, c.body)
	}
	o.answer = c.body
	return o, err
}

// checkouts places orders for a while.
func (st *stage) checkouts(ctx context.Context) (tally, error) {
	return st.loop(ctx, func(c *conn, _, _ int) error {
		_, err := st.place(c)
		return err
	})
}

// reads reads products for a while.
func (st *stage) reads(ctx context.Context) (tally, error) {
	return st.loop(ctx, func(c *conn, _, _ int) error {
		status, err := c.get("/v1/products/" + sku(rand.IntN(st.products)))
		if err == nil && status != http.StatusOK {
			err = unexpected("a product", status, c.body)
		}
		return err
	})
}
