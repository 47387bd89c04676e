package main

import (
	"context"
	"time"

	"triptych/api"
	reportsv1 "triptych/proto/reports/v1"
)

// reports implements api.Reports.
type reports struct{ service reportsv1.ReportsClient }

// Sales implements api.Reports.
func (r reports) Sales(ctx context.Context, from, to time.Time) (api.Sales, error) {
	sales, err := r.service.Sales(ctx, &reportsv1.SalesRequest{From: from.Format(time.DateOnly), To: to.Format(time.DateOnly)})
	if err != nil {
		return api.Sales{}, err
	}
	return fromSales(sales), nil
}
