package seed

import (
	"fmt"
	"math/rand/v2"

	"triptych/domain/catalog"
	"triptych/domain/money"
)

// A Product is a product with what is on hand of it when the shop opens.
type Product struct {
	catalog.Product
	Stock int
}

// productsPerScale is how many products a shop of scale 1 has, spread evenly
// over the categories.
const productsPerScale = 200

// Products makes up 200 products for each unit of scale. Their SKUs differ;
// names may come again at a scale of 10 and more.
func Products(seed int64, scale int) []Product {
	products := make([]Product, productsPerScale*scale)
	for i := range products {
		products[i] = product(seed, i)
	}
	return products
}

// product makes the i-th product: the departments in turn, and in each its
// wares in turn.
func product(seed int64, i int) Product {
	r := source(seed, "product", i)
	d := departments[i%len(departments)]
	n := i / len(departments)
	w := d.wares[n%len(d.wares)]
	place, style := nthPair(seed, w.noun, n/len(d.wares), len(places), len(w.styles))
	return Product{
		Product: catalog.Product{
			SKU:         fmt.Sprintf("%s-%04d", d.code, n+1),
			Name:        fmt.Sprintf("%s %s %s", places[place], w.styles[style], w.noun),
			Description: w.text + " " + pick(r, d.remarks),
			Category:    d.name,
			Price:       price(r, w.low, w.high),
		},
		Stock: stock(r),
	}
}

// nthPair walks over all pairs of a place and a style, each once, from a start
// that depends on the seed. It steps by a prime, so that neighbours differ in both.
func nthPair(seed int64, noun string, n, places, styles int) (place, style int) {
	const stride = 1009
	pairs := places * styles
	at := (source(seed, noun, 0).IntN(pairs) + n*stride) % pairs
	return at % places, at / places
}

// price returns a price as shops like them: to the pound or the half, often
// less a penny.
func price(r *rand.Rand, low, high money.Amount) money.Amount {
	const step = 50
	p := low + step*money.Amount(r.Int64N(int64((high-low)/step)+1))
	if chance(r, 60) {
		p--
	}
	return p
}

// stock is plenty of most things, little of some, and nothing of a few.
func stock(r *rand.Rand) int {
	switch n := r.IntN(100); {
	case n < 3:
		return 0
	case n < 12:
		return between(r, 1, 9)
	default:
		return between(r, 40, 600)
	}
}
