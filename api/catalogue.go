package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/domain/catalog"
	"triptych/domain/money"
	"triptych/domain/stock"
	"triptych/internal/rest"
)

// Catalogue is what an architecture does about products and their stock.
type Catalogue interface {
	// Products lists products by SKU.
	Products(ctx context.Context, f catalog.Filter, p rest.Page) (rest.List[Listing], error)
	// Product returns one product; it waits up to wait while a picture of it is
	// being processed.
	Product(ctx context.Context, sku string, wait time.Duration) (Listing, error)
	// PutProduct stores a product and reports whether it is a new one.
	PutProduct(ctx context.Context, p catalog.Product) (l Listing, created bool, err error)
	// MoveStock adds delta to what is on hand and returns the result; below
	// zero is the fault "invalid".
	MoveStock(ctx context.Context, sku string, delta int, reason string) (onHand int, err error)
}

// A Listing is a product as the shop shows it.
type Listing struct {
	catalog.Product
	Stock   int
	Picture *PictureState // nil when there is none
}

type productJSON struct {
	SKU         string       `json:"sku"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Category    string       `json:"category"`
	Price       money.Amount `json:"price"`
	Stock       int          `json:"stock"`
	Picture     *pictureJSON `json:"picture,omitempty"`
	UpdatedAt   time.Time    `json:"updated_at"`
}

func toProduct(l Listing) productJSON {
	return productJSON{l.SKU, l.Name, l.Description, l.Category, l.Price, l.Stock, toPicture(l.Picture, uuid.Nil), l.UpdatedAt.UTC()}
}

func (s *server) listProducts(w http.ResponseWriter, r *http.Request, _ Caller) error {
	q, err := rest.Known(r, "category", "q", "limit", "cursor")
	if err != nil {
		return err
	}
	page, err := rest.ReadPage(q)
	if err != nil {
		return err
	}
	list, err := s.Catalogue.Products(r.Context(), catalog.Filter{Category: q.Get("category"), Query: q.Get("q")}, page)
	if err != nil {
		return err
	}
	return writeList(w, list, toProduct)
}

func (s *server) getProduct(w http.ResponseWriter, r *http.Request, _ Caller) error {
	sku := r.PathValue("sku")
	if !catalog.ValidSKU(sku) {
		return catalog.NoProduct(sku)
	}
	wait := preferWait(w, r)
	l, err := s.Catalogue.Product(r.Context(), sku, wait)
	if err != nil {
		return err
	}
	return rest.JSON(w, http.StatusOK, toProduct(l))
}

func (s *server) putProduct(w http.ResponseWriter, r *http.Request, _ Caller) error {
	var in struct {
		Name        string       `json:"name"`
		Description string       `json:"description"`
		Category    string       `json:"category"`
		Price       money.Amount `json:"price"`
	}
	if _, err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	p := catalog.Product{SKU: r.PathValue("sku"), Name: in.Name, Description: in.Description, Category: in.Category, Price: in.Price}
	if err := p.Validate(); err != nil {
		return err
	}
	l, created, err := s.Catalogue.PutProduct(r.Context(), p)
	if err != nil {
		return err
	}
	return rest.JSON(w, createdOr(http.StatusOK, created), toProduct(l))
}

func (s *server) moveStock(w http.ResponseWriter, r *http.Request, _ Caller) error {
	var in struct {
		Delta  int    `json:"delta"`
		Reason string `json:"reason"`
	}
	if _, err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if err := stock.CheckMovement(in.Delta, in.Reason); err != nil {
		return err
	}
	sku := r.PathValue("sku")
	if !catalog.ValidSKU(sku) {
		return catalog.NoProduct(sku)
	}
	onHand, err := s.Catalogue.MoveStock(r.Context(), sku, in.Delta, in.Reason)
	if err != nil {
		return err
	}
	return rest.JSON(w, http.StatusOK, struct {
		SKU   string `json:"sku"`
		Stock int    `json:"stock"`
	}{sku, onHand})
}
