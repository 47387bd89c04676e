// Package catalog is what the shop sells.
package catalog

import (
	"regexp"
	"time"
	"unicode/utf8"

	"triptych/domain/fault"
	"triptych/domain/money"
)

// A Product is one thing for sale. How many there are is the stock's business,
// what it looks like the pictures'.
type Product struct {
	SKU         string
	Name        string
	Description string
	Category    string
	Price       money.Amount // pence, VAT included
	UpdatedAt   time.Time
}

// A Filter narrows a list of products; an empty field lets everything through.
type Filter struct {
	Category string // exactly
	Query    string // somewhere in the name or the description, in any case
}

// MaxPrice keeps the largest order, 50 lines of 99, far from overflow: £1,000,000.
const MaxPrice money.Amount = 100_000_000

var sku = regexp.MustCompile(`^[A-Z0-9-]{3,32}$`)

// ValidSKU reports whether s may name a product.
func ValidSKU(s string) bool { return sku.MatchString(s) }

// Validate returns the fault "invalid" with every rule that p breaks.
func (p Product) Validate() error {
	var c fault.Checker
	c.Check(ValidSKU(p.SKU), "", "the SKU in the path must be 3 to 32 of A-Z, 0-9 and -")
	checkText(&c, "/name", p.Name, 1, 200)
	checkText(&c, "/description", p.Description, 0, 4000)
	checkText(&c, "/category", p.Category, 1, 100)
	c.Check(p.Price >= 1 && p.Price <= MaxPrice, "/price", "must be 1 to %d pence, is %d", MaxPrice, p.Price)
	return c.Err()
}

func checkText(c *fault.Checker, pointer, s string, low, high int) {
	n := utf8.RuneCountInString(s)
	c.Check(n >= low && n <= high, pointer, "must have %d to %d characters, has %d", low, high, n)
}

// NoProduct is the fault of a product that there is not.
func NoProduct(sku string) error {
	return fault.New(fault.NotFound, "not_found", "there is no product %q", sku)
}

// UnknownProduct is the fault of ordering what is not for sale.
func UnknownProduct(pointer, sku string) error {
	f := fault.New(fault.Invalid, "unknown_product", "there is no product %q", sku)
	f.Fields = []fault.Field{{Pointer: pointer, Detail: f.Detail}}
	return f
}
