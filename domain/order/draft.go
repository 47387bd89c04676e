package order

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"triptych/domain/catalog"
	"triptych/domain/fault"
)

// The bounds of an order.
const (
	MaxLines    = 50 // different products
	MaxQuantity = 99 // of one product
)

// A Draft is what a customer sends to place an order.
type Draft struct {
	Items    []Item
	FromCart bool // the cart's lines are ordered; Items is empty until they are read
	ShipTo   Address
	Token    string // stands for a payment card
}

// An Item is a product and how many of it.
type Item struct {
	SKU      string
	Quantity int
}

// An Address is where an order goes.
type Address struct {
	Name     string
	Line1    string
	Line2    string // may be empty
	City     string
	Postcode string
	Country  string // ISO 3166-1 alpha-2, such as GB
}

var country = regexp.MustCompile(`^[A-Z]{2}$`)

// Validate returns the fault "invalid" with every rule that d breaks. Whether
// its products exist, and whether its token is one, others know.
func (d Draft) Validate() error {
	var c fault.Checker
	c.Check(len(d.Items) >= 1 || d.FromCart, "/lines", "an order needs at least one line")
	c.Check(len(d.Items) <= MaxLines, "/lines", "an order has at most %d lines, this has %d", MaxLines, len(d.Items))
	seen := map[string]bool{}
	for i, item := range d.Items[:min(len(d.Items), MaxLines)] { // a body of a megabyte must not get an answer of many
		at := fmt.Sprintf("/lines/%d", i)
		c.Check(catalog.ValidSKU(item.SKU), at+"/sku", "must be 3 to 32 of A-Z, 0-9 and -")
		c.Check(!seen[item.SKU], at+"/sku", "%s is there twice: put it on one line", item.SKU)
		c.Check(item.Quantity >= 1 && item.Quantity <= MaxQuantity, at+"/quantity",
			"must be 1 to %d, is %d", MaxQuantity, item.Quantity)
		seen[item.SKU] = true
	}
	d.ShipTo.check(&c)
	return c.Err()
}

// EmptyCart is the fault of ordering a cart without lines.
func EmptyCart() error {
	return fault.NewInvalid("/lines", "the cart is empty")
}

func (a Address) check(c *fault.Checker) {
	for _, f := range []struct {
		pointer, value string
		low, high      int
	}{
		{"/ship_to/name", a.Name, 1, 100},
		{"/ship_to/line1", a.Line1, 1, 200},
		{"/ship_to/line2", a.Line2, 0, 200},
		{"/ship_to/city", a.City, 1, 100},
		{"/ship_to/postcode", a.Postcode, 1, 20},
	} {
		n := utf8.RuneCountInString(f.value)
		c.Check(n >= f.low && n <= f.high, f.pointer, "must have %d to %d characters, has %d", f.low, f.high, n)
	}
	c.Check(country.MatchString(a.Country), "/ship_to/country", "must be a two-letter country code such as GB")
}
