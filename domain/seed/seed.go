// Package seed makes up a shop from a number: products, what they look like,
// employees and their hours. The same number makes the same shop everywhere, so two
// people who compare what they measured speak of the same data. A larger
// scale adds to the shop of a smaller one and changes nothing in it.
package seed

import (
	"hash/fnv"
	"math/rand/v2"
)

// source returns the random numbers that belong to one thing, such as the
// product with index i. Nothing depends on the order in which things are made.
func source(seed int64, what string, i int) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(what)) // never fails
	return rand.New(rand.NewPCG(uint64(seed), h.Sum64()+uint64(i)))
}

// pick returns one of the values.
func pick[T any](r *rand.Rand, values []T) T { return values[r.IntN(len(values))] }

// between returns a number from low to high, both included.
func between(r *rand.Rand, low, high int) int { return low + r.IntN(high-low+1) }

// chance is true in so many of a hundred cases.
func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }
