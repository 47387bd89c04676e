// Package cart is what a customer means to buy.
package cart

import (
	"triptych/domain/fault"
	"triptych/domain/order"
)

// CheckQuantity returns the fault "invalid" unless n may be the quantity of a
// cart line; 0 takes the line away.
func CheckQuantity(n int) error {
	var c fault.Checker
	c.Check(n >= 0 && n <= order.MaxQuantity, "/quantity", "must be 0 to %d, is %d", order.MaxQuantity, n)
	return c.Err()
}

// Full is the fault of a cart with no room for another product.
func Full() error {
	return fault.NewInvalid("", "a cart holds at most %d different products", order.MaxLines)
}
