package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"triptych/domain/money"
	"triptych/lab/client"
	"triptych/lab/launch"
	lab "triptych/lab/trace"
	"triptych/lab/waterfall"
)

// demo is what somebody sees who types the one command: the shop starts, a
// customer buys, and what happened inside is drawn.
func demo(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	f, err := readUpFlags("triptych", args, getenv)
	if err != nil {
		return err
	}
	out.print("%s a shop as a monolith: one process, one database, one transaction.\n\n", out.bold("Triptych:"))
	shop, filler, err := start(ctx, f, getenv, out)
	if err != nil {
		return err
	}
	defer stop(shop, out)
	if err := buy(ctx, shop, out); err != nil {
		return fmt.Errorf("place an order: %w", err)
	}
	lookNext(shop, checkCommand(shop, f, getenv), out)
	return stay(ctx, shop, filler, out)
}

// traceTimeout is how long the demo waits for the spans of the order. They are
// sent once a second.
const traceTimeout = 5 * time.Second

// placed is the part of an order's JSON that is shown.
type placed struct {
	ID     string
	Status string
	Reason *struct{ Detail string }
	Lines  []struct {
		SKU, Name    string
		Quantity     int
		Price, Total money.Amount
	}
	Subtotal, Discount, Shipping, Total, VAT money.Amount
}

// buy does what a customer does: makes an account, looks around, fills a cart
// and orders it.
func buy(ctx context.Context, shop *launch.Running, out *screen) error {
	done := out.step("ada looks around, fills a cart and orders")
	ada := client.New(shop.URL)
	account := map[string]string{
		"email": "ada-" + rand.Text()[:8] + "@example.com", "password": rand.Text(), "name": "Ada Lovelace",
	}
	if _, err := ada.Do(ctx, client.Call{Method: "POST", Path: "/v1/accounts", Body: account}, nil); err != nil {
		return err
	}
	if err := ada.SignIn(ctx, account["email"], account["password"]); err != nil {
		return err
	}
	if err := fillCart(ctx, ada); err != nil {
		return err
	}
	var o placed
	begun := time.Now()
	header, err := ada.Do(ctx, client.Call{
		Method: "POST", Path: "/v1/orders",
		Header: map[string]string{"Idempotency-Key": rand.Text(), "Prefer": "wait=10"},
		Body: map[string]any{
			"ship_to": map[string]string{"name": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postcode": "SW1Y 4JH", "country": "GB"},
			"payment": map[string]string{"token": "tok_visa"},
		},
	}, &o)
	if err != nil {
		return err
	}
	took := float64(time.Since(begun).Microseconds()) / 1000
	if o.Reason != nil {
		return fmt.Errorf("it was %s: %s", o.Status, o.Reason.Detail)
	}
	done(fmt.Sprintf("ada's order is %s, %.1f ms after she sent it", o.Status, took))
	receipt(o, out)
	return drawTrace(ctx, shop, header, out)
}

// fillCart puts one of a product, two of another and three of a third into the
// cart, as far as they are in stock.
func fillCart(ctx context.Context, ada *client.Client) error {
	var shelf struct {
		Items []struct {
			SKU   string
			Stock int
		}
	}
	if _, err := ada.Do(ctx, client.Call{Method: "GET", Path: "/v1/products?limit=100"}, &shelf); err != nil {
		return err
	}
	quantity := 1
	for _, product := range shelf.Items {
		if product.Stock < quantity {
			continue
		}
		line := client.Call{Method: "PUT", Path: "/v1/cart/lines/" + product.SKU, Body: map[string]int{"quantity": quantity}}
		if _, err := ada.Do(ctx, line, nil); err != nil {
			return err
		}
		if quantity++; quantity > 3 {
			return nil
		}
	}
	if quantity == 1 {
		return errors.New("the shop has sold out: begin with new data by --fresh")
	}
	return nil
}

func receipt(o placed, out *screen) {
	out.heading("The order " + o.ID)
	rows := [][]string{}
	for _, l := range o.Lines {
		rows = append(rows, []string{fmt.Sprint(l.Quantity), l.Name, l.Price.String(), l.Total.String()})
	}
	rows = append(rows,
		[]string{"", "discount", "", (-o.Discount).String()},
		[]string{"", "shipping", "", o.Shipping.String()},
		[]string{"", "total, of which VAT " + o.VAT.String(), "", o.Total.String()},
	)
	out.table(map[int]bool{0: true, 2: true, 3: true}, rows...)
}

// drawTrace waits for the spans of an answer's trace and draws them.
func drawTrace(ctx context.Context, shop *launch.Running, header http.Header, out *screen) error {
	id, err := trace.TraceIDFromHex(header.Get("Trace-Id"))
	if err != nil {
		return fmt.Errorf("the answer names no trace: %w", err)
	}
	out.heading("What happened inside")
	wait, cancel := context.WithTimeout(ctx, traceTimeout)
	defer cancel()
	t, err := shop.Traces.Wait(wait, id, lab.Whole)
	if err != nil {
		out.print("The trace of the order did not arrive within %s. Is OTEL_TRACES_SAMPLER set?\n", traceTimeout)
		return ctx.Err()
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	return waterfall.Write(out.w, t, out.width, out.color)
}

func lookNext(shop *launch.Running, proof string, out *screen) {
	out.heading("Where to look next")
	out.table(nil,
		[]string{"the shop", shop.URL + "/v1/products"},
		[]string{"its traces", shop.Traces.URL() + "/api/traces"},
		[]string{"its manager", shop.Secrets.ManagerEmail + "  " + shop.Secrets.ManagerPassword},
		[]string{"placing an order", "monolith/place.go: one function, one transaction"},
		[]string{"the contract", "api/openapi.yaml"},
		[]string{"the proof", proof},
	)
}
