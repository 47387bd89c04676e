// Package stock is how many of each product there are: a ledger of movements
// whose sum is what is on hand, and is never negative.
package stock

import (
	"unicode/utf8"

	"triptych/domain/fault"
)

// MaxDelta bounds one movement by hand, so that no sum of them overflows.
const MaxDelta = 1_000_000

// CheckMovement returns the fault "invalid" unless a manager may move stock by
// delta for that reason.
func CheckMovement(delta int, reason string) error {
	var c fault.Checker
	c.Check(delta != 0 && delta >= -MaxDelta && delta <= MaxDelta, "/delta",
		"must be a whole number other than 0, at most %d either way", MaxDelta)
	n := utf8.RuneCountInString(reason)
	c.Check(n >= 1 && n <= 200, "/reason", "must have 1 to 200 characters, has %d", n)
	return c.Err()
}

// BelowZero is the fault of taking away more than is there.
func BelowZero(sku string) error {
	return fault.NewInvalid("/delta", "there are not that many of %s", sku)
}
