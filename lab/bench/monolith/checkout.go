package main

import (
	"context"
	"math/rand/v2"
	"net/http"

	"triptych/lab/bench/measure"
)

// checkouts places orders for a while.
func (st *stage) checkouts(ctx context.Context) (measure.Tally, error) {
	return st.Loop(ctx, st.clients, st.each, func(c *measure.Customer) error {
		_, err := st.Place(c)
		return err
	})
}

// reads reads products for a while.
func (st *stage) reads(ctx context.Context) (measure.Tally, error) {
	return st.Loop(ctx, st.clients, st.each, func(c *measure.Customer) error {
		status, err := c.Get("/v1/products/" + measure.SKU(rand.IntN(st.Products)))
		if err == nil && status != http.StatusOK {
			err = measure.Unexpected("a product", status, c.Body)
		}
		return err
	})
}
