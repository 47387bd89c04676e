package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/domain/fault"
)

func TestSKUs(t *testing.T) {
	for sku, ok := range map[string]bool{
		"TEA": true, "TEA-1": true, "123": true, "---": true, strings.Repeat("A", 32): true,
		"": false, "AB": false, strings.Repeat("A", 33): false, "tea": false, "TEA 1": false, "TEA\n": false, "\nTEA": false,
		"ТЕА": false /* Cyrillic */, "TEA\x00": false, "TEA_1": false,
	} {
		if ValidSKU(sku) != ok {
			t.Errorf("%q: %v, want %v", sku, !ok, ok)
		}
	}
}

func TestProducts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Product)
		want   []string // pointers to what is wrong
	}{
		"a good one":                      {func(p *Product) {}, nil},
		"no description":                  {func(p *Product) { p.Description = "" }, nil},
		"no name":                         {func(p *Product) { p.Name = "" }, []string{"/name"}},
		"a name of 200 letters":           {func(p *Product) { p.Name = strings.Repeat("é", 200) }, nil},
		"a name of 201 letters":           {func(p *Product) { p.Name = strings.Repeat("é", 201) }, []string{"/name"}},
		"a description of 4001 letters":   {func(p *Product) { p.Description = strings.Repeat("é", 4001) }, []string{"/description"}},
		"no category":                     {func(p *Product) { p.Category = "" }, []string{"/category"}},
		"a category of 101 letters":       {func(p *Product) { p.Category = strings.Repeat("é", 101) }, []string{"/category"}},
		"for free":                        {func(p *Product) { p.Price = 0 }, []string{"/price"}},
		"for less than nothing":           {func(p *Product) { p.Price = -1 }, []string{"/price"}},
		"for a penny":                     {func(p *Product) { p.Price = 1 }, nil},
		"for a million pounds":            {func(p *Product) { p.Price = MaxPrice }, nil},
		"for a penny more":                {func(p *Product) { p.Price = MaxPrice + 1 }, []string{"/price"}},
		"a SKU that is none, of no field": {func(p *Product) { p.SKU = "x" }, []string{""}},
		"nothing":                         {func(p *Product) { *p = Product{} }, []string{"", "/name", "/category", "/price"}},
	} {
		p := Product{SKU: "TEA", Name: "Tea", Description: "Black.", Category: "Drinks", Price: 250}
		c.change(&p)
		var got []string
		if f := fault.From(p.Validate()); f != nil {
			for _, field := range f.Fields {
				got = append(got, field.Pointer)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAProductThatThereIsNotIsNamed(t *testing.T) {
	f := fault.From(UnknownProduct("/lines/3/sku", "TEA"))
	if f.Kind != fault.Invalid || f.Code != "unknown_product" || len(f.Fields) != 1 || f.Fields[0].Pointer != "/lines/3/sku" {
		t.Errorf("got %+v", f)
	}
}
