package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/api"
	"triptych/domain/catalog"
	"triptych/internal/rest"
	"triptych/internal/telemetry"
	cataloguev1 "triptych/proto/catalogue/v1"
	stockv1 "triptych/proto/stock/v1"
)

// catalogue implements api.Catalogue. A product as the shop shows it is put
// together from three services, which are asked at the same time.
type catalogue struct {
	products cataloguev1.CatalogueClient
	stock    stockv1.StockClient
	gallery  *gallery
}

// Products implements api.Catalogue.
func (c catalogue) Products(ctx context.Context, f catalog.Filter, p rest.Page) (rest.List[api.Listing], error) {
	found, err := c.products.ListProducts(ctx, &cataloguev1.ListProductsRequest{
		Category: f.Category, Query: f.Query, After: p.After, Limit: int32(p.Limit + 1),
	})
	if err != nil {
		return rest.List[api.Listing]{}, err
	}
	page := rest.Cut(found.Products, p.Limit, (*cataloguev1.Product).GetSku)
	listings, err := c.complete(ctx, page.Items)
	return rest.List[api.Listing]{Items: listings, Next: page.Next}, err
}

// Product implements api.Catalogue.
func (c catalogue) Product(ctx context.Context, sku string, wait time.Duration) (api.Listing, error) {
	if wait > 0 {
		c.gallery.awaitNewest(ctx, sku, wait)
	}
	var found *cataloguev1.Products
	var around surroundings
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		found, err = c.products.GetProducts(ctx, &cataloguev1.GetProductsRequest{Skus: []string{sku}})
		return err
	})
	g.Go(func() (err error) {
		around, err = c.around(ctx, sku)
		return err
	})
	if err := g.Wait(); err != nil {
		return api.Listing{}, err
	}
	if len(found.Products) == 0 {
		return api.Listing{}, catalog.NoProduct(sku)
	}
	return around.show(found.Products[0]), nil
}

// PutProduct implements api.Catalogue. Should what is around the product not
// be known afterwards, the client hears of an error although it was stored, as
// it may with any service that is not there, and does no harm in trying again.
func (c catalogue) PutProduct(ctx context.Context, p catalog.Product) (l api.Listing, created bool, err error) {
	stored, err := c.products.PutProduct(ctx, toProduct(p))
	if err != nil {
		return l, false, err
	}
	around, err := c.around(ctx, p.SKU)
	return around.show(stored.Product), stored.Created, err
}

// MoveStock implements api.Catalogue.
func (c catalogue) MoveStock(ctx context.Context, sku string, delta int, reason string) (onHand int, err error) {
	level, err := c.stock.Move(ctx, &stockv1.MoveRequest{Sku: sku, Delta: int64(delta), Reason: reason})
	return int(level.GetOnHand()), err
}

// surroundings are what the shop shows beside products, by SKU.
type surroundings struct {
	onHand  map[string]int
	picture map[string]*api.PictureState
}

func (s surroundings) show(p *cataloguev1.Product) api.Listing {
	return api.Listing{Product: fromProduct(p), Stock: s.onHand[p.GetSku()], Picture: s.picture[p.GetSku()]}
}

// complete adds to products what is around them.
func (c catalogue) complete(ctx context.Context, products []*cataloguev1.Product) ([]api.Listing, error) {
	if len(products) == 0 {
		return nil, nil
	}
	skus, listings := make([]string, len(products)), make([]api.Listing, len(products))
	for i, p := range products {
		skus[i] = p.Sku
	}
	around, err := c.around(ctx, skus...)
	if err != nil {
		return nil, err
	}
	for i, p := range products {
		listings[i] = around.show(p)
	}
	return listings, nil
}

// missing tells, now and then, that products are shown without their pictures.
var missing telemetry.Seldom

// around asks what is around products. Without their pictures they are shown
// all the same; without knowing whether they can be had, they are no offer.
func (c catalogue) around(ctx context.Context, skus ...string) (s surroundings, err error) {
	asked := ctx
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		levels, err := c.stock.GetLevels(ctx, &stockv1.GetLevelsRequest{Skus: skus})
		s.onHand = fromLevels(levels)
		return err
	})
	g.Go(func() error {
		var err error
		if s.picture, err = c.gallery.shown(ctx, skus); err != nil && asked.Err() == nil {
			missing.Warn("products are shown without their pictures", err)
		}
		return nil
	})
	err = g.Wait()
	return s, err
}
