// Package money is sums of money: whole pence, so that nothing is lost on the
// way, and the few operations that may round, each of which says how.
package money

import (
	"fmt"
	"math"
	"math/bits"
)

// An Amount is a sum in pence; 1999 is £19.99. It may be negative.
type Amount int64

// String returns the amount in pounds: "£19.99", "-£0.05".
func (a Amount) String() string {
	sign := ""
	if a < 0 {
		sign = "-"
	}
	pence := a.size()
	return fmt.Sprintf("%s£%d.%02d", sign, pence/100, pence%100)
}

// Times returns a multiplied by n.
func (a Amount) Times(n int) Amount { return a * Amount(n) }

// Ratio returns a × num / den, rounded half to even. den must be positive. The
// product has 128 bits, so that only a result that is no Amount overflows; that
// panics.
func (a Amount) Ratio(num, den int64) Amount {
	if den <= 0 {
		panic(fmt.Sprintf("money: a ratio of %d to %d", num, den))
	}
	n := Amount(num)
	high, low := bits.Mul64(a.size(), n.size())
	quotient, rest := bits.Div64(high, low, uint64(den)) // panics when it has more than 64 bits
	var up uint64
	if twice := 2 * rest; twice > uint64(den) || twice == uint64(den) && quotient%2 == 1 {
		up = 1
	}
	if quotient > math.MaxInt64-up {
		panic(fmt.Sprintf("money: %d × %d / %d is too much", a, num, den))
	}
	quotient += up
	if (a < 0) != (num < 0) {
		return -Amount(quotient)
	}
	return Amount(quotient)
}

// size returns a without its sign. There is one for every a: the least of all
// amounts has none that is an Amount.
func (a Amount) size() uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// Split divides a into n shares that differ by at most one penny and always
// add up to a.
func (a Amount) Split(n int) []Amount {
	each, rest := a/Amount(n), a%Amount(n)
	shares := make([]Amount, n)
	for i := range shares {
		// A share of the rest is the step between two points of a line that ends
		// there: a penny or none, spread evenly.
		shares[i] = each + rest*Amount(i+1)/Amount(n) - rest*Amount(i)/Amount(n)
	}
	return shares
}
