package order

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"triptych/domain/catalog"
	"triptych/domain/fault"
	"triptych/domain/money"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func TestANewOrderIsPendingAtTodaysPrices(t *testing.T) {
	id, account := uuid.New(), uuid.New()
	d := Draft{Items: []Item{{"TEA", 10}, {"MUG", 1}}, ShipTo: home, Token: "tok_visa"}
	got, err := New(id, account, d, map[string]catalog.Product{
		"TEA": {SKU: "TEA", Name: "Tea", Price: 250},
		"MUG": {SKU: "MUG", Name: "Mug", Price: 899},
		"CUP": {SKU: "CUP", Name: "Cup", Price: 1},
	}, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := Order{
		ID: id, Account: account, Status: Pending,
		Lines:    []Line{{"TEA", "Tea", 10, 250, 2250}, {"MUG", "Mug", 1, 899, 899}},
		Totals:   Totals{Subtotal: 3399, Discount: 250, Shipping: 395, Total: 3544, VAT: 591}, // 590.67
		ShipTo:   home,
		PlacedAt: noon,
		History:  []Change{{Pending, noon}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestAProductThatIsNotForSaleIsNamed(t *testing.T) {
	d := Draft{Items: []Item{{"TEA", 1}, {"GONE", 1}}}
	_, err := New(uuid.New(), uuid.New(), d, map[string]catalog.Product{"TEA": {SKU: "TEA", Price: 1}}, noon)
	f := fault.From(err)
	if f.Code != "unknown_product" || len(f.Fields) != 1 || f.Fields[0].Pointer != "/lines/1/sku" {
		t.Errorf("got %+v", f)
	}
}

func TestLinesCostATenthLessFromTenPiecesOn(t *testing.T) {
	for _, c := range []struct {
		price    money.Amount
		quantity int
		want     money.Amount
	}{
		{250, 1, 250}, {250, 9, 2250}, {250, 10, 2250}, {250, 99, 22275},
		{1, 9, 9}, {1, 10, 9}, // nine cost as much as ten
		{1, 15, 14}, {1, 25, 22}, // 13.5 and 22.5: half to even
		{1, 11, 10}, {1, 13, 12}, // 9.9, 11.7
		{catalog.MaxPrice, 99, 8_910_000_000},
	} {
		if got := LineTotal(c.price, c.quantity); got != c.want {
			t.Errorf("%d at %v: got %v, want %v", c.quantity, c.price, got, c.want)
		}
	}
}

func TestShippingIsFreeFromFiftyPoundsOn(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []Line
		want  Totals
	}{
		{"nothing", nil, Totals{}},
		{"a penny below", lines(4999, 1), Totals{4999, 0, 395, 5394, 899}},
		{"exactly", lines(5000, 1), Totals{5000, 0, 0, 5000, 833}},
		{"a penny above", lines(5001, 1), Totals{5001, 0, 0, 5001, 834}}, // 833.5: half to even
		{"exactly, but for the reduction", lines(500, 10), Totals{5000, 500, 395, 4895, 816}},
		{"exactly after the reduction", lines(556, 10), Totals{5560, 556, 0, 5004, 834}},
		{"in several lines", lines(2500, 1, 1250, 2), Totals{5000, 0, 0, 5000, 833}},
		{"VAT of half a penny to the even one below", lines(5007, 1), Totals{5007, 0, 0, 5007, 834}}, // 834.5
		{"a penny's worth", lines(1, 1), Totals{1, 0, 395, 396, 66}},
	} {
		if diff := cmp.Diff(c.want, Total(c.lines)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// lines makes lines of prices and quantities.
func lines(pairs ...int) (out []Line) {
	for i := 0; i < len(pairs); i += 2 {
		price := money.Amount(pairs[i])
		out = append(out, Line{Quantity: pairs[i+1], Price: price, Total: LineTotal(price, pairs[i+1])})
	}
	return out
}

func TestOutOfStockNamesTheProduct(t *testing.T) {
	if r := OutOfStock("TEA"); r != (Reason{Code: "out_of_stock", Detail: "not enough TEA in stock", SKU: "TEA"}) {
		t.Errorf("got %+v", r)
	}
}
