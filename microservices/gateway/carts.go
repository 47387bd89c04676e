package main

import (
	"context"

	"github.com/google/uuid"

	"triptych/domain/order"
	cartsv1 "triptych/proto/carts/v1"
)

// carts implements api.Carts.
type carts struct{ service cartsv1.CartsClient }

// Cart implements api.Carts.
func (c carts) Cart(ctx context.Context, account uuid.UUID) ([]order.Line, error) {
	cart, err := c.service.GetCart(ctx, &cartsv1.GetCartRequest{AccountId: account.String()})
	return fromLines(cart.GetLines()), err
}

// SetCartLine implements api.Carts.
func (c carts) SetCartLine(ctx context.Context, account uuid.UUID, item order.Item) ([]order.Line, error) {
	cart, err := c.service.SetLine(ctx, &cartsv1.SetLineRequest{AccountId: account.String(), Sku: item.SKU, Quantity: int32(item.Quantity)})
	return fromLines(cart.GetLines()), err
}

// ClearCart implements api.Carts.
func (c carts) ClearCart(ctx context.Context, account uuid.UUID) error {
	_, err := c.service.Clear(ctx, &cartsv1.ClearRequest{AccountId: account.String()})
	return err
}
