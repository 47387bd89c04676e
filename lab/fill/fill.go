// Package fill puts the made-up products and employees of a seed into a
// running shop. It goes through the contract, as the manager, so it fills every
// architecture alike; what is there already stays as it is.
package fill

import (
	"context"
	"fmt"
	"net/url"

	"golang.org/x/sync/errgroup"

	"triptych/domain/payroll"
	"triptych/domain/seed"
	"triptych/lab/client"
)

// workers is how many requests are under way at once.
const workers = 4

// Options say which shop to fill, and with what.
type Options struct {
	URL             string
	Email, Password string // the manager's
	Seed            int64
	Scale           int
}

// A Filler fills one shop.
type Filler struct {
	Options
	manager  *client.Client
	products []seed.Product
	shown    map[string]bool // products that have a picture
}

// Shop puts products, stock and employees into a shop. What it returns puts
// the pictures there, which takes longer.
func Shop(ctx context.Context, o Options) (f *Filler, added string, err error) {
	f = &Filler{Options: o, manager: client.New(o.URL), products: seed.Products(o.Seed, o.Scale), shown: map[string]bool{}}
	if err := f.manager.SignIn(ctx, o.Email, o.Password); err != nil {
		return f, "", fmt.Errorf("sign in as the manager: %w", err)
	}
	products, err := f.addProducts(ctx)
	if err != nil {
		return f, "", err
	}
	employees, err := f.addEmployees(ctx)
	if err != nil {
		return f, "", err
	}
	if products+employees == 0 {
		return f, "the shop is full already", nil
	}
	return f, fmt.Sprintf("%d products and %d employees, made from seed %d", products, employees, o.Seed), nil
}

func (f *Filler) addProducts(ctx context.Context) (added int, err error) {
	there := map[string]bool{}
	err = each(ctx, f.manager, "/v1/products", func(p struct {
		SKU     string
		Picture *struct{ Status string }
	}) {
		there[p.SKU] = true
		f.shown[p.SKU] = p.Picture != nil
	})
	if err != nil {
		return 0, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, p := range f.products {
		if !there[p.SKU] {
			added++
			g.Go(func() error { return f.addProduct(ctx, p) })
		}
	}
	return added, g.Wait()
}

func (f *Filler) addProduct(ctx context.Context, p seed.Product) error {
	path := "/v1/products/" + p.SKU
	body := map[string]any{"name": p.Name, "description": p.Description, "category": p.Category, "price": p.Price}
	if _, err := f.manager.Do(ctx, client.Call{Method: "PUT", Path: path, Body: body}, nil); err != nil {
		return err
	}
	if p.Stock == 0 {
		return nil
	}
	delivery := map[string]any{"delta": p.Stock, "reason": "first delivery"}
	_, err := f.manager.Do(ctx, client.Call{Method: "POST", Path: path + "/stock", Body: delivery}, nil)
	return err
}

func (f *Filler) addEmployees(ctx context.Context) (added int, err error) {
	there := map[string]bool{}
	if err := each(ctx, f.manager, "/v1/employees", func(e struct{ ID string }) { there[e.ID] = true }); err != nil {
		return 0, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, e := range seed.Employees(f.Seed, f.Scale) {
		if !there[e.ID] {
			added++
			g.Go(func() error { return f.addEmployee(ctx, e) })
		}
	}
	return added, g.Wait()
}

func (f *Filler) addEmployee(ctx context.Context, e payroll.Employee) error {
	pay := map[string]any{"hourly": e.Pay.Hourly}
	if e.Pay.Salary > 0 {
		pay = map[string]any{"salary": e.Pay.Salary}
	}
	body := map[string]any{"name": e.Name, "tax_code": e.TaxCode, "ni_category": e.NICategory, "pay": pay, "pension_percent": e.PensionPercent}
	_, err := f.manager.Do(ctx, client.Call{Method: "PUT", Path: "/v1/employees/" + e.ID, Body: body}, nil)
	return err
}

// each calls see for every item of a list, page by page.
func each[T any](ctx context.Context, c *client.Client, path string, see func(T)) error {
	for cursor := ""; ; {
		query := url.Values{"limit": {"100"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var page struct {
			Items []T
			Next  string
		}
		if _, err := c.Do(ctx, client.Call{Method: "GET", Path: path + "?" + query.Encode()}, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			see(item)
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}
