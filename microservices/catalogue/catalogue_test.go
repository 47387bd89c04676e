package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triptych/domain/fault"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc/rpctest"
	cataloguev1 "triptych/proto/catalogue/v1"
	"triptych/store/catalogue"
)

// open returns the service with a database of the test's own, called as the
// gateway calls it.
func open(t testing.TB) cataloguev1.CatalogueClient {
	t.Helper()
	s := &server{db: pgtest.New(t, catalogue.Schema)}
	return cataloguev1.NewCatalogueClient(rpctest.Serve(t, "catalogue", "gateway", func(r grpc.ServiceRegistrar) {
		cataloguev1.RegisterCatalogueServer(r, s)
	}))
}

func tea() *cataloguev1.Product {
	return &cataloguev1.Product{Sku: "TEA", Name: "Tea", Description: "100 % leaves.", Category: "Drinks", Price: 250}
}

func put(t *testing.T, c cataloguev1.CatalogueClient, p *cataloguev1.Product) *cataloguev1.PutProductResponse {
	t.Helper()
	r, err := c.PutProduct(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAProductIsStoredAndFound(t *testing.T) {
	c := open(t)
	p := tea()
	p.UpdatedAt = timestamppb.New(time.Unix(0, 0)) // is not believed
	before := time.Now().Truncate(time.Microsecond)
	r := put(t, c, p)
	if at := r.Product.UpdatedAt.AsTime(); !r.Created || at.Before(before) || at.After(time.Now()) {
		t.Errorf("new: %v, at %v", r.Created, at)
	}
	p.UpdatedAt = r.Product.UpdatedAt
	found, err := c.GetProducts(t.Context(), &cataloguev1.GetProductsRequest{Skus: []string{"TEA", "GONE"}})
	want := &cataloguev1.Products{Products: []*cataloguev1.Product{p}}
	if diff := cmp.Diff(want, found, protocmp.Transform()); diff != "" || err != nil {
		t.Errorf("%v, found (-want +got):\n%s", err, diff)
	}
	if r := put(t, c, tea()); r.Created || !r.Product.UpdatedAt.AsTime().After(p.UpdatedAt.AsTime()) {
		t.Errorf("again: %+v", r)
	}
}

func TestWhatIsNoProduct(t *testing.T) {
	c := open(t)
	for pointer, p := range map[string]*cataloguev1.Product{
		"":          {Sku: "tea", Name: "Tea", Category: "Drinks", Price: 250},
		"/name":     {Sku: "TEA", Category: "Drinks", Price: 250},
		"/category": {Sku: "TEA", Name: "Tea", Price: 250},
		"/price":    {Sku: "TEA", Name: "Tea", Category: "Drinks"},
	} {
		_, err := c.PutProduct(t.Context(), p)
		if f := fault.From(err); f == nil || f.Code != "invalid" || len(f.Fields) != 1 || f.Fields[0].Pointer != pointer {
			t.Errorf("%q: got %v", pointer, err)
		}
	}
	if found, err := c.ListProducts(t.Context(), &cataloguev1.ListProductsRequest{Limit: 9}); err != nil || len(found.Products) != 0 {
		t.Errorf("%v is stored, %v", found, err)
	}
}

func TestListing(t *testing.T) {
	c := open(t)
	for _, sku := range []string{"MUG", "TEA", "POT", "CUP"} {
		p := tea()
		p.Sku, p.Name = sku, "A "+strings.ToLower(sku)
		if sku != "TEA" {
			p.Category, p.Description = "Table", ""
		}
		put(t, c, p)
	}
	for want, r := range map[string]*cataloguev1.ListProductsRequest{
		"CUP MUG POT TEA": {Limit: 9},
		"CUP MUG":         {Limit: 2},
		"POT TEA":         {Limit: 2, After: "MUG"},
		"TEA":             {Limit: 9, Query: "%"},
		"MUG":             {Limit: 9, Query: "mUG", Category: "Table"},
		"":                {Limit: 9, Query: "mug", Category: "Drinks"},
	} {
		found, err := c.ListProducts(t.Context(), r)
		if got := skus(found); got != want || err != nil {
			t.Errorf("%v: got %s, %v; want %s", r, got, err, want)
		}
	}
	found, err := c.GetProducts(t.Context(), &cataloguev1.GetProductsRequest{Skus: []string{"TEA", "POT", "CUP", "TEA"}})
	if got := skus(found); got != "CUP POT TEA" || err != nil {
		t.Errorf("by name: got %s, %v", got, err)
	}
}

func skus(p *cataloguev1.Products) string {
	var all []string
	for _, p := range p.GetProducts() {
		all = append(all, p.Sku)
	}
	return strings.Join(all, " ")
}

func TestNobodyAsksForEverything(t *testing.T) {
	c := open(t)
	if _, err := c.ListProducts(t.Context(), &cataloguev1.ListProductsRequest{}); !fault.Is(err, "invalid") {
		t.Errorf("without a limit: %v", err)
	}
	many := slices.Repeat([]string{"TEA"}, maxSKUs+1)
	if _, err := c.GetProducts(t.Context(), &cataloguev1.GetProductsRequest{Skus: many}); !fault.Is(err, "invalid") {
		t.Errorf("%d names: %v", len(many), err)
	}
}

// PostgreSQL stores U+0000 in no text. Whoever asks for it has made a mistake;
// the service has not.
func TestTextThatCannotBeStored(t *testing.T) {
	c := open(t)
	_, named := c.GetProducts(t.Context(), &cataloguev1.GetProductsRequest{Skus: []string{"\x00"}})
	_, searched := c.ListProducts(t.Context(), &cataloguev1.ListProductsRequest{Query: "a\x00", Limit: 1})
	for what, err := range map[string]error{"named": named, "searched for": searched} {
		if got := fault.From(err).Kind; got != fault.Malformed {
			t.Errorf("%s: %v, want that it is malformed", what, err)
		}
	}
}
