package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/trace"

	"triptych/lab/hops"
	lab "triptych/lab/trace"
	"triptych/lab/waterfall"
)

// traceTimeout is how long the demo waits for the spans of the order. They are
// sent once a second.
const traceTimeout = 5 * time.Second

// A placing is an order that was placed in one shop.
type placing struct {
	shop  *shop
	order placed
	took  time.Duration // until it was final
	trace lab.Trace     // without spans when it did not arrive
}

// compare places the same order in every shop and shows what it took.
func compare(ctx context.Context, shops []*shop, out *screen) error {
	done := out.step("ada looks around, fills her carts and orders")
	placings, err := placeSame(ctx, shops)
	if err != nil {
		return err
	}
	done(fmt.Sprintf("ada has ordered the same in each, after %d small orders to warm up", warmUps))
	receipt(placings[0].order, out)
	for i := range placings {
		if err := placings[i].draw(ctx, out); err != nil {
			return err
		}
	}
	sideBySide(placings, out)
	return nil
}

// warmUps are the orders before the one that is shown: the first few of a shop
// open connections and have PostgreSQL plan their statements.
const warmUps = 5

func placeSame(ctx context.Context, shops []*shop) ([]placing, error) {
	customers := make([]*customer, len(shops))
	for i, s := range shops {
		var err error
		if customers[i], err = newCustomer(ctx, s); err != nil {
			return nil, err
		}
	}
	basket, err := chooseBasket(ctx, customers)
	if err != nil {
		return nil, err
	}
	placings := make([]placing, len(customers))
	for i, c := range customers {
		for range warmUps {
			if _, err := c.buy(ctx, basket[:1]); err != nil {
				return nil, err
			}
		}
		if placings[i], err = c.buy(ctx, basket); err != nil {
			return nil, err
		}
	}
	return placings, nil
}

// draw waits for the spans of the order and draws them.
func (p *placing) draw(ctx context.Context, out *screen) error {
	out.heading(fmt.Sprintf("Inside the %s: %s after %s", p.shop.architecture, p.order.Status, millis(p.took)))
	wait, cancel := context.WithTimeout(ctx, traceTimeout)
	defer cancel()
	t, err := p.shop.Traces.Wait(wait, p.trace.ID, wholeFor(p.shop.architecture))
	if err != nil && len(t.Spans) == 0 {
		out.print("Its trace did not arrive within %s. Is OTEL_TRACES_SAMPLER set?\n", traceTimeout)
		return ctx.Err()
	}
	p.trace = t
	out.mu.Lock()
	defer out.mu.Unlock()
	return waterfall.Write(out.w, t, out.width, out.color)
}

// wholeFor says when an order's trace is whole. That of the microservices is put
// together from what several processes report, and goes on after the answer,
// until the reports have heard of the order.
func wholeFor(architecture string) func(lab.Trace) bool {
	if architecture != microservices {
		return lab.Whole
	}
	return func(t lab.Trace) bool { return lab.Whole(t) && len(hops.Missing(hops.Order, hops.Of(t))) == 0 }
}

func sideBySide(placings []placing, out *screen) {
	out.heading("Side by side")
	rows := [][]string{{""}, {"final after"}, {"processes of the shop"}, {"those that took part"}, {"calls and messages between them"}, {"spans"}, {"SQL statements"}}
	for _, p := range placings {
		sql := 0
		for _, s := range p.trace.Spans {
			if s.Attributes["db.system.name"] != nil {
				sql++
			}
		}
		for i, cell := range []string{
			p.shop.architecture, millis(p.took), strconv.Itoa(p.shop.processes), strconv.Itoa(len(p.trace.Services())),
			strconv.Itoa(len(hops.Of(p.trace))), strconv.Itoa(len(p.trace.Spans)), strconv.Itoa(sql),
		} {
			rows[i] = append(rows[i], cell)
		}
	}
	out.table(map[int]bool{1: true, 2: true}, rows...)
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// traceOf reads the id of an answer's trace.
func traceOf(id string) (lab.Trace, error) {
	parsed, err := trace.TraceIDFromHex(id)
	if err != nil {
		return lab.Trace{}, fmt.Errorf("the answer names no trace: %w", err)
	}
	return lab.Trace{ID: parsed}, nil
}
