package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"triptych/domain/cart"
	"triptych/domain/catalog"
	"triptych/domain/fault"
	"triptych/domain/order"
	"triptych/internal/rest"
)

// Carts is what an architecture does about carts.
type Carts interface {
	// Cart returns the account's cart at today's prices.
	Cart(ctx context.Context, account uuid.UUID) ([]order.Line, error)
	// SetCartLine sets the quantity of a product and returns the cart; 0 takes
	// the line away. A product that there is not is "not_found".
	SetCartLine(ctx context.Context, account uuid.UUID, item order.Item) ([]order.Line, error)
	// ClearCart takes every line away.
	ClearCart(ctx context.Context, account uuid.UUID) error
}

type cartJSON struct {
	Lines []lineJSON `json:"lines"`
	totalsJSON
}

func writeCart(w http.ResponseWriter, lines []order.Line) error {
	return rest.JSON(w, http.StatusOK, cartJSON{toLines(lines), totalsJSON(order.Total(lines))})
}

func (s *server) getCart(w http.ResponseWriter, r *http.Request, by Caller) error {
	lines, err := s.Carts.Cart(r.Context(), by.Account)
	if err != nil {
		return err
	}
	return writeCart(w, lines)
}

func (s *server) putCartLine(w http.ResponseWriter, r *http.Request, by Caller) error {
	var in struct {
		Quantity *int `json:"quantity"`
	}
	if _, err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	var c fault.Checker
	c.Check(in.Quantity != nil, "/quantity", "is missing")
	if err := c.Err(); err != nil {
		return err
	}
	if err := cart.CheckQuantity(*in.Quantity); err != nil {
		return err
	}
	sku := r.PathValue("sku")
	if !catalog.ValidSKU(sku) {
		return catalog.NoProduct(sku)
	}
	lines, err := s.Carts.SetCartLine(r.Context(), by.Account, order.Item{SKU: sku, Quantity: *in.Quantity})
	if err != nil {
		return err
	}
	return writeCart(w, lines)
}

func (s *server) clearCart(w http.ResponseWriter, r *http.Request, by Caller) error {
	if err := s.Carts.ClearCart(r.Context(), by.Account); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
