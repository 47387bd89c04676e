package order

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/domain/fault"
)

var home = Address{Name: "Ada Lovelace", Line1: "12 St James's Square", City: "London", Postcode: "SW1Y 4JH", Country: "GB"}

func good() Draft { return Draft{Items: []Item{{"TEA", 1}}, ShipTo: home, Token: "tok_visa"} }

// items makes n different items.
func items(n int) []Item {
	out := make([]Item, n)
	for i := range out {
		out[i] = Item{fmt.Sprintf("SKU-%d", i), 1}
	}
	return out
}

func TestDrafts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Draft)
		want   []string // pointers to what is wrong
	}{
		"a good one":                 {func(d *Draft) {}, nil},
		"the cart":                   {func(d *Draft) { d.Items, d.FromCart = nil, true }, nil},
		"no lines":                   {func(d *Draft) { d.Items = nil }, []string{"/lines"}},
		"fifty lines":                {func(d *Draft) { d.Items = items(50) }, nil},
		"fifty-one lines":            {func(d *Draft) { d.Items = items(51) }, []string{"/lines"}},
		"ninety-nine of one":         {func(d *Draft) { d.Items[0].Quantity = 99 }, nil},
		"a hundred of one":           {func(d *Draft) { d.Items[0].Quantity = 100 }, []string{"/lines/0/quantity"}},
		"none of one":                {func(d *Draft) { d.Items[0].Quantity = 0 }, []string{"/lines/0/quantity"}},
		"fewer than none":            {func(d *Draft) { d.Items[0].Quantity = -1 }, []string{"/lines/0/quantity"}},
		"one product twice":          {func(d *Draft) { d.Items = append(d.Items, d.Items[0]) }, []string{"/lines/1/sku"}},
		"what is no SKU":             {func(d *Draft) { d.Items[0].SKU = "tea" }, []string{"/lines/0/sku"}},
		"an address without a line2": {func(d *Draft) { d.ShipTo.Line2 = "" }, nil},
		"an address without the rest": {func(d *Draft) { d.ShipTo = Address{} },
			[]string{"/ship_to/name", "/ship_to/line1", "/ship_to/city", "/ship_to/postcode", "/ship_to/country"}},
		"a country in small letters": {func(d *Draft) { d.ShipTo.Country = "gb" }, []string{"/ship_to/country"}},
		"a country with more to it":  {func(d *Draft) { d.ShipTo.Country = "GB\n" }, []string{"/ship_to/country"}},
		"a name of 100 letters":      {func(d *Draft) { d.ShipTo.Name = strings.Repeat("é", 100) }, nil},
		"a name of 101 letters":      {func(d *Draft) { d.ShipTo.Name = strings.Repeat("é", 101) }, []string{"/ship_to/name"}},
		"everything at once": {func(d *Draft) { d.Items[0], d.ShipTo.City = Item{"x", 0}, "" },
			[]string{"/lines/0/sku", "/lines/0/quantity", "/ship_to/city"}},
	} {
		d := good()
		c.change(&d)
		if diff := cmp.Diff(c.want, pointers(d.Validate())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// pointers returns where a fault says that something is wrong.
func pointers(err error) (out []string) {
	if err == nil {
		return nil
	}
	for _, f := range fault.From(err).Fields {
		out = append(out, f.Pointer)
	}
	return out
}

// A megabyte of bad lines is a cheap request; a complaint about each of them
// would be an answer of many megabytes.
func TestTooManyBadLinesAreNotAllNamed(t *testing.T) {
	d := good()
	d.Items = slices.Repeat([]Item{{"", 0}}, 300_000)
	if n := len(pointers(d.Validate())); n > 3*MaxLines+1 {
		t.Errorf("the answer names %d faults", n)
	}
}
