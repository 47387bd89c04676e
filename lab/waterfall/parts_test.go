package waterfall

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"triptych/lab/trace"
)

func TestCallsAreNamedWithoutTheirPackage(t *testing.T) {
	for name, want := range map[string]string{
		"orders.v1.Orders/PlaceOrder":  "Orders/PlaceOrder",
		"grpc.health.v1.Health/Check":  "Health/Check",
		"orders.settled process":       "orders.settled process",
		"GET /v1/a.b/C":                "GET /v1/a.b/C",
		"send orders.v1.Orders/Placed": "send orders.v1.Orders/Placed",
	} {
		if got := label(&trace.Span{Name: name}); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestShortSQL(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1":                                                                        "SELECT",
		"SELECT * FROM products WHERE sku = $1":                                           "SELECT products",
		"SELECT count(*) FROM (SELECT 1 FROM orders) o":                                   "SELECT orders",
		"insert into shop.orders (id) values ($1)":                                        "INSERT orders",
		`INSERT INTO "orders"(id) SELECT id FROM carts`:                                   "INSERT orders",
		"UPDATE ONLY products SET stock = 1":                                              "UPDATE products",
		"DELETE FROM outbox WHERE id = ANY($1);":                                          "DELETE outbox",
		"-- why\n  -- not\nDELETE\nFROM\toutbox;":                                         "DELETE outbox",
		"WITH gone AS (DELETE FROM outbox RETURNING id) INSERT INTO sent SELECT * FROM x": "INSERT sent",
		"with x as (select 1)":                                                            "WITH",
		"begin isolation level serializable":                                              "BEGIN",
		"COPY movements FROM STDIN":                                                       "COPY movements",
		"UPDATE":                                                                          "UPDATE",
		"SELECT a FROM":                                                                   "SELECT",
		"  ":                                                                              "",
		"-- nothing":                                                                      "",
	} {
		if got := shortSQL(sql); got != want {
			t.Errorf("shortSQL(%q) = %q, want %q", sql, got, want)
		}
	}
}

func TestMillis(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 999: "<0.001", time.Microsecond: "0.001", 412 * time.Microsecond: "0.412", 999_600: "1.00",
		4120 * time.Microsecond: "4.12", 9_996_000: "10.0", 41_200 * time.Microsecond: "41.2", 99_960_000: "100",
		time.Minute: "60000", -2500 * time.Microsecond: "-2.50",
	} {
		if got := millis(d); got != want {
			t.Errorf("millis(%v) = %q, want %q", d, got, want)
		}
	}
}

// Whatever comes, the drawing fits, and no span is lost from the count.
func TestAnyTraceFits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(r, "spans")
		var steps []step
		for range n {
			steps = append(steps, step{
				parent: rapid.IntRange(0, n+1).Draw(r, "parent"),
				name:   rapid.SampledFrom([]string{"a", "b", "c", "漢字漢字漢字", strings.Repeat("long ", 30), "\x1b[2J"}).Draw(r, "name"),
				// Clocks may be hours apart.
				from:    rapid.SampledFrom([]int{0, 1, 1000, -5000, 3_600_000_000}).Draw(r, "from"),
				took:    rapid.IntRange(-10, 100_000).Draw(r, "took"),
				service: rapid.SampledFrom([]string{"x", "y", "a service with a long name\n"}).Draw(r, "service"),
				err:     rapid.SampledFrom([]string{"", "", "", "no\nway"}).Draw(r, "err"),
			})
		}
		width := rapid.IntRange(0, 200).Draw(r, "width")
		tr := makeTrace(t, steps...)
		var b bytes.Buffer
		if err := Write(&b, tr, width, false); err != nil {
			r.Fatal(err)
		}
		fits(t, b.String(), max(width, narrowest))
		if c := newChart(tr, width, false); len(c.rows) > maxRows || c.cut < 0 || len(c.rows)+c.cut > n {
			r.Fatalf("%d rows, %d cut of %d spans", len(c.rows), c.cut, n)
		}
	})
}

func TestAHugeTraceIsDrawnQuickly(t *testing.T) {
	steps := []step{{0, "till", "root", 0, 1_000_000, "", "", nil}}
	for i := range 50_000 {
		parent := i + 1 // a chain, so that nothing can be folded
		if i > 10_000 {
			parent = 1
		}
		steps = append(steps, step{parent, "till", strings.Repeat("x", i%7+1), i, 10, "", "", nil})
	}
	tr := makeTrace(t, steps...)
	began := time.Now()
	var b bytes.Buffer
	if err := Write(&b, tr, 80, false); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 40*time.Second {
		t.Errorf("drawing %d spans took %v", len(steps), took)
	}
	if lines := strings.Count(b.String(), "\n"); lines > maxRows+10 || !strings.Contains(b.String(), "more spans not drawn") {
		t.Errorf("%d lines, want about %d and a note", lines, maxRows)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("pipe is gone") }

func TestAWriterThatFailsIsReported(t *testing.T) {
	if err := Write(broken{}, makeTrace(t, order()...), 80, false); err == nil {
		t.Error("no error")
	}
}
