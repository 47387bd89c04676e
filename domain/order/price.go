package order

import "triptych/domain/money"

// The price list's rules.
const (
	bulkQuantity              = 10 // from here on a line costs nine tenths
	shippingFee  money.Amount = 395
	freeShipping money.Amount = 5000 // from here on shipping is free
	vatPercent                = 20   // included in every price
)

// Totals is what an order costs, in pence.
type Totals struct {
	Subtotal money.Amount // price × quantity, added up
	Discount money.Amount // reductions for quantity, added up
	Shipping money.Amount
	Total    money.Amount // subtotal − discount + shipping
	VAT      money.Amount // the part of the total that is tax
}

// LineTotal returns what quantity pieces cost: a tenth less from 10 pieces on,
// rounded half to even.
func LineTotal(price money.Amount, quantity int) money.Amount {
	full := price.Times(quantity)
	if quantity < bulkQuantity {
		return full
	}
	return full.Ratio(9, 10)
}

// Total adds lines up. Without lines, everything is zero: nothing is shipped.
func Total(lines []Line) Totals {
	var t Totals
	if len(lines) == 0 {
		return t
	}
	for _, l := range lines {
		full := l.Price.Times(l.Quantity)
		t.Subtotal += full
		t.Discount += full - l.Total
	}
	goods := t.Subtotal - t.Discount
	if goods < freeShipping {
		t.Shipping = shippingFee
	}
	t.Total = goods + t.Shipping
	t.VAT = t.Total.Ratio(vatPercent, 100+vatPercent)
	return t
}
