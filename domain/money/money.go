// Package money is sums of money: whole pence, so that nothing is lost on the
// way, and the few operations that may round, each of which says how.
package money

import (
	"fmt"
	"math/big"
)

// An Amount is a sum in pence; 1999 is £19.99. It may be negative.
type Amount int64

// String returns the amount in pounds: "£19.99", "-£0.05".
func (a Amount) String() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	return fmt.Sprintf("%s£%d.%02d", sign, a/100, a%100)
}

// Times returns a multiplied by n.
func (a Amount) Times(n int) Amount { return a * Amount(n) }

// Ratio returns a × num / den, rounded half to even. den must be positive.
func (a Amount) Ratio(num, den int64) Amount {
	return RoundHalfEven(new(big.Rat).SetFrac(
		new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(num)), big.NewInt(den)))
}

// Split divides a into n shares that differ by at most one penny and always
// add up to a.
func (a Amount) Split(n int) []Amount {
	shares := make([]Amount, n)
	for i := range shares {
		// The share is the step between two points of a line that ends at a.
		shares[i] = a*Amount(i+1)/Amount(n) - a*Amount(i)/Amount(n)
	}
	return shares
}

// Sum adds amounts.
func Sum(amounts ...Amount) Amount {
	var total Amount
	for _, a := range amounts {
		total += a
	}
	return total
}

// RoundHalfEven returns the whole number of pence nearest to r, and the even
// one of two that are equally near.
func RoundHalfEven(r *big.Rat) Amount {
	floor := new(big.Int).Div(r.Num(), r.Denom()) // Euclidean: rounds down, as the denominator is positive
	rest := new(big.Rat).Sub(r, new(big.Rat).SetInt(floor))
	switch rest.Cmp(big.NewRat(1, 2)) {
	case 1:
		floor.Add(floor, big.NewInt(1))
	case 0:
		if floor.Bit(0) == 1 {
			floor.Add(floor, big.NewInt(1))
		}
	}
	return Amount(floor.Int64())
}
