package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cataloguev1 "triptych/proto/catalogue/v1"
	picturesv1 "triptych/proto/pictures/v1"
	stockv1 "triptych/proto/stock/v1"
)

// shelve has the services know two products, of which one is in stock and has a
// picture.
func (f *front) shelve() {
	products := map[string]*cataloguev1.Product{
		"POT": {Sku: "POT", Name: "Pot", Category: "Kitchen", Price: 3000},
		"TEA": {Sku: "TEA", Name: "Tea", Category: "Drinks", Price: 250},
	}
	f.catalogue.list = func(r *cataloguev1.ListProductsRequest) (*cataloguev1.Products, error) {
		found := &cataloguev1.Products{}
		for _, sku := range []string{"POT", "TEA"} {
			if sku > r.After && len(found.Products) < int(r.Limit) {
				found.Products = append(found.Products, products[sku])
			}
		}
		return found, nil
	}
	f.catalogue.get = func(r *cataloguev1.GetProductsRequest) (*cataloguev1.Products, error) {
		found := &cataloguev1.Products{}
		for _, sku := range r.Skus {
			if p := products[sku]; p != nil {
				found.Products = append(found.Products, p)
			}
		}
		return found, nil
	}
	f.catalogue.put = func(p *cataloguev1.Product) (*cataloguev1.PutProductResponse, error) {
		created := products[p.Sku] == nil
		products[p.Sku] = p
		return &cataloguev1.PutProductResponse{Product: p, Created: created}, nil
	}
	f.stock.levels = func(r *stockv1.GetLevelsRequest) (*stockv1.GetLevelsResponse, error) {
		found := &stockv1.GetLevelsResponse{}
		for _, sku := range r.Skus {
			if sku == "TEA" {
				found.Levels = append(found.Levels, &stockv1.Level{Sku: sku, OnHand: 7})
			}
		}
		return found, nil
	}
	f.pictures.shown = func(r *picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error) {
		found := &picturesv1.ShownPictures{}
		for _, sku := range r.Skus {
			if sku == "TEA" {
				found.Pictures = append(found.Pictures, &picturesv1.Picture{Id: uuid.NewString(), Sku: sku, Status: "ready"})
			}
		}
		return found, nil
	}
}

// A product is what a client sees of one.
type product struct {
	SKU     string
	Price   int
	Stock   int
	Picture struct{ Status string }
}

// down is what is said for a service that cannot be reached.
func down() error { return status.Error(codes.Unavailable, "dial tcp 10.0.0.7:9090: secret") }

func TestAProductIsPutTogether(t *testing.T) {
	f := open(t)
	f.shelve()
	var tea, pot product
	f.get(t, "", "/v1/products/TEA").decode(t, &tea)
	if tea.Price != 250 || tea.Stock != 7 || tea.Picture.Status != "ready" {
		t.Errorf("got %+v", tea)
	}
	f.get(t, "", "/v1/products/POT").decode(t, &pot)
	if pot.Price != 3000 || pot.Stock != 0 || pot.Picture.Status != "" {
		t.Errorf("got %+v", pot)
	}
	f.get(t, "", "/v1/products/NONE").refused(t, http.StatusNotFound, "not_found")
}

func TestProductsArePutTogetherAPageAtATime(t *testing.T) {
	f := open(t)
	f.shelve()
	var asked counter
	levels := f.stock.levels
	f.stock.levels = func(r *stockv1.GetLevelsRequest) (*stockv1.GetLevelsResponse, error) {
		asked.Add(int64(len(r.Skus)))
		return levels(r)
	}
	var page struct {
		Items []product
		Next  string
	}
	f.get(t, "", "/v1/products?limit=1").decode(t, &page)
	if len(page.Items) != 1 || page.Items[0].SKU != "POT" || page.Next == "" {
		t.Fatalf("the first page: %+v", page)
	}
	next := page.Next
	page.Next = ""
	f.get(t, "", "/v1/products?limit=1&cursor="+next).decode(t, &page)
	if len(page.Items) != 1 || page.Items[0].Stock != 7 || page.Items[0].Picture.Status != "ready" || page.Next != "" {
		t.Errorf("the second page: %+v", page)
	}
	asked.want(t, "for the stock of products", 2) // not of the one that is only there to see whether there are more
}

func TestAProductThatIsPut(t *testing.T) {
	f := open(t)
	f.shelve()
	put := func(sku string) answer {
		return f.ask(t, f.manager, http.MethodPut, "/v1/products/"+sku,
			strings.NewReader(`{"name":"Tea","description":"","category":"Drinks","price":300}`))
	}
	var tea product
	a := put("TEA")
	a.decode(t, &tea)
	if a.StatusCode != http.StatusOK || tea.Price != 300 || tea.Stock != 7 || tea.Picture.Status != "ready" {
		t.Errorf("got %d %+v", a.StatusCode, tea)
	}
	if a := put("NEW"); a.StatusCode != http.StatusCreated {
		t.Errorf("a new one: got %d %s", a.StatusCode, a.body)
	}
}

func TestProductsAreShownWithoutPictures(t *testing.T) {
	for name, shown := range map[string]func(*picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error){
		"down":   func(*picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error) { return nil, down() },
		"broken": func(*picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error) { return nil, errors.New("secret") },
		"confused": func(*picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error) {
			return &picturesv1.ShownPictures{Pictures: []*picturesv1.Picture{{Id: "mona-lisa", Sku: "TEA"}}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			f.shelve()
			f.pictures.shown = shown
			for _, path := range []string{"/v1/products/TEA", "/v1/products"} {
				a := f.get(t, "", path)
				if a.StatusCode != http.StatusOK || strings.Contains(a.body, "picture") || !strings.Contains(a.body, `"stock":7`) {
					t.Errorf("%s: got %d %s", path, a.StatusCode, a.body)
				}
			}
		})
	}
}

// When the pictures hang, one request waits for them now and then, and no other.
func TestPicturesThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked counter
		g := &gallery{service: hanging{asked: &asked}}
		look := func(took time.Duration, calls int64) {
			t.Helper()
			began := time.Now()
			if _, err := g.shown(t.Context(), []string{"TEA"}); err == nil || time.Since(began) != took {
				t.Errorf("got %v after %v, want an error after %v", err, time.Since(began), took)
			}
			asked.want(t, "the service", calls)
		}
		look(time.Minute, 1)
		look(0, 1)
		time.Sleep(pause)
		look(time.Minute, 2)
		look(0, 2)
	})
}

// hanging is a service of which nothing is heard for a minute.
type hanging struct {
	picturesv1.PicturesClient
	asked *counter
}

func (h hanging) GetShown(context.Context, *picturesv1.GetShownRequest, ...grpc.CallOption) (*picturesv1.ShownPictures, error) {
	h.asked.Add(1)
	time.Sleep(time.Minute)
	return nil, down()
}

func TestProductsAreNotShownWithoutTheirStock(t *testing.T) {
	f := open(t)
	f.shelve()
	f.stock.levels = func(*stockv1.GetLevelsRequest) (*stockv1.GetLevelsResponse, error) { return nil, down() }
	for _, path := range []string{"/v1/products/TEA", "/v1/products"} {
		a := f.get(t, "", path)
		a.refused(t, http.StatusServiceUnavailable, "unavailable")
		if strings.Contains(a.body, "secret") {
			t.Errorf("%s tells the cause: %s", path, a.body)
		}
	}
}

// Who uploads a picture and waits for the product sees the new one.
func TestAProductWaitsForItsNewestPicture(t *testing.T) {
	f := open(t)
	f.shelve()
	ready := make(chan struct{})
	f.pictures.watch = func(r *picturesv1.WatchRequest, s grpc.ServerStreamingServer[picturesv1.Picture]) error {
		if r.GetSku() != "TEA" {
			t.Errorf("asked for %v", r)
		}
		p := &picturesv1.Picture{Id: uuid.NewString(), Status: "processing"}
		if err := s.Send(p); err != nil {
			return err
		}
		p.Status = "ready"
		close(ready)
		return s.Send(p)
	}
	shown := f.pictures.shown
	f.pictures.shown = func(r *picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error) {
		select {
		case <-ready:
		default:
			t.Error("the picture is looked at before it is ready")
		}
		return shown(r)
	}
	if a := f.get(t, "", "/v1/products/TEA", "Prefer", "wait=20"); a.StatusCode != http.StatusOK {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
	f.pictures.watch = func(*picturesv1.WatchRequest, grpc.ServerStreamingServer[picturesv1.Picture]) error { return down() }
	if a := f.get(t, "", "/v1/products/TEA", "Prefer", "wait=20"); a.StatusCode != http.StatusOK {
		t.Errorf("with nobody to ask: got %d %s", a.StatusCode, a.body)
	}
}
