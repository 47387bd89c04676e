package api

import (
	"context"
	"net/http"
	"time"

	"triptych/domain/money"
	"triptych/internal/rest"
)

// Reports is what an architecture knows about what was sold.
type Reports interface {
	// Sales reports on the orders confirmed from one day to another, both
	// included, both midnight UTC.
	Sales(ctx context.Context, from, to time.Time) (Sales, error)
}

// Sales is what was sold in some days: orders that are confirmed or shipped,
// by the day they were confirmed.
type Sales struct {
	AsOf      time.Time      `json:"as_of"`
	Orders    int            `json:"orders"`
	Cancelled int            `json:"cancelled"`
	Revenue   money.Amount   `json:"revenue"`
	VAT       money.Amount   `json:"vat"`
	Discount  money.Amount   `json:"discount"`
	Days      []DaySales     `json:"days"`
	Products  []ProductSales `json:"products"`
}

// DaySales is what was sold on a day.
type DaySales struct {
	Date    string       `json:"date"` // 2026-11-24
	Orders  int          `json:"orders"`
	Revenue money.Amount `json:"revenue"`
}

// ProductSales is what was sold of a product.
type ProductSales struct {
	SKU     string       `json:"sku"`
	Units   int          `json:"units"`
	Revenue money.Amount `json:"revenue"`
}

func (s *server) salesReport(w http.ResponseWriter, r *http.Request, _ Caller) error {
	q, err := rest.Known(r, "from", "to")
	if err != nil {
		return err
	}
	from, err := time.Parse(time.DateOnly, q.Get("from"))
	if err != nil {
		return rest.BadParameter("from", "must be a day such as 2026-11-01")
	}
	to, err := time.Parse(time.DateOnly, q.Get("to"))
	if err != nil {
		return rest.BadParameter("to", "must be a day such as 2026-11-30")
	}
	if to.Before(from) {
		return rest.BadParameter("to", "must not be before from")
	}
	if to.Sub(from) > 366*24*time.Hour {
		return rest.BadParameter("to", "must be within 366 days of from")
	}
	report, err := s.Reports.Sales(r.Context(), from, to)
	if err != nil {
		return err
	}
	report.AsOf = report.AsOf.UTC()
	return rest.JSON(w, http.StatusOK, report)
}
