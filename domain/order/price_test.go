package order

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"triptych/domain/catalog"
	"triptych/domain/money"
)

var anyLine = rapid.Custom(func(t *rapid.T) Line {
	price := money.Amount(rapid.OneOf(rapid.Int64Range(1, 600), rapid.Int64Range(1, int64(catalog.MaxPrice))).Draw(t, "price"))
	quantity := rapid.OneOf(rapid.IntRange(8, 11), rapid.IntRange(1, MaxQuantity)).Draw(t, "quantity")
	return Line{Quantity: quantity, Price: price, Total: LineTotal(price, quantity)}
})

func TestTotalsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(anyLine, 1, MaxLines).Draw(t, "lines")
		got := Total(lines)
		var full, reduced int64
		for _, l := range lines {
			full += int64(l.Price) * int64(l.Quantity)
			reduced += int64(l.Total)
		}
		if int64(got.Subtotal) != full || int64(got.Subtotal-got.Discount) != reduced {
			t.Fatalf("%+v: the goods cost %d, reduced %d", got, full, reduced)
		}
		if got.Total != got.Subtotal-got.Discount+got.Shipping {
			t.Fatalf("%+v does not add up", got)
		}
		if free := got.Subtotal-got.Discount >= 5000; free != (got.Shipping == 0) || !free && got.Shipping != 395 {
			t.Fatalf("%+v: shipping", got)
		}
		if got.Discount < 0 || got.Discount*10 > got.Subtotal+5*money.Amount(len(lines)) || got.Total <= 0 {
			t.Fatalf("%+v: negative, or reduced by more than a tenth", got)
		}
		if !nearest(got.VAT, int64(got.Total)*20, 120) {
			t.Fatalf("%+v: VAT is not a sixth of the total", got)
		}
	})
}

func TestALineIsReducedByATenthFromTenPiecesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLine.Draw(t, "line")
		full := int64(l.Price) * int64(l.Quantity)
		if l.Quantity < 10 && int64(l.Total) != full || l.Quantity >= 10 && !nearest(l.Total, full*9, 10) {
			t.Fatalf("%d at %v cost %v", l.Quantity, l.Price, l.Total)
		}
	})
}

// nearest reports whether a is num / den rounded half to even, by definition:
// at most half a penny off, and even when it is exactly half.
func nearest(a money.Amount, num, den int64) bool {
	off := new(big.Rat).Sub(big.NewRat(num, den), new(big.Rat).SetInt64(int64(a)))
	c := off.Abs(off).Cmp(big.NewRat(1, 2))
	return c < 0 || c == 0 && a%2 == 0
}
