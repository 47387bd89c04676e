package api

import (
	"triptych/domain/money"
	"triptych/domain/order"
)

// lineJSON and totalsJSON are shared by carts and orders: a cart is priced as
// the order it would become.
type lineJSON struct {
	SKU      string       `json:"sku"`
	Name     string       `json:"name"`
	Quantity int          `json:"quantity"`
	Price    money.Amount `json:"price"`
	Total    money.Amount `json:"total"`
}

type totalsJSON struct {
	Subtotal money.Amount `json:"subtotal"`
	Discount money.Amount `json:"discount"`
	Shipping money.Amount `json:"shipping"`
	Total    money.Amount `json:"total"`
	VAT      money.Amount `json:"vat"`
}

func toLines(lines []order.Line) []lineJSON {
	out := make([]lineJSON, len(lines))
	for i, l := range lines {
		out[i] = lineJSON(l)
	}
	return out
}
