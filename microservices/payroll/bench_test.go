package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"triptych/domain/payroll"
	"triptych/internal/waittest"
	wages "triptych/store/payroll"
)

// BenchmarkRun pays PAYROLL_ROWS employees, 100,000 unless that is set: from the
// first byte of the file to a run that has ended, uploading included. An
// operation is a month, and later months read the earlier ones' payslips.
func BenchmarkRun(b *testing.B) {
	rows := 100_000
	if n, err := strconv.Atoi(os.Getenv("PAYROLL_ROWS")); err == nil {
		rows = n
	}
	p, c, log := openWithLog(b)
	for range workers {
		waittest.Beside(b, func(ctx context.Context) error { return log.Consume(ctx, p.worker()) })
	}
	name := func(i int) string { return fmt.Sprintf("emp-%06d", i) }
	var file strings.Builder
	fmt.Fprintln(&file, payroll.Header)
	for i := range rows {
		fmt.Fprintf(&file, "%s,%d.%02d,%d\n", name(i), i%200, i%100, i%20)
	}
	_, err := p.db.CopyFrom(b.Context(), pgx.Identifier{"employees"},
		[]string{"id", "name", "tax_code", "ni_category", "hourly", "salary", "pension_percent"},
		pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
			return []any{name(i), "Name", []string{"1257L", "K475", "BR", "1257LX"}[i%4], string(payroll.NICategories[i%7]), 1200 + i%3000, 0, i % 10}, nil
		}))
	if err != nil {
		b.Fatal(err)
	}
	month := payroll.Period{Year: 2026, Month: 4}
	for b.Loop() {
		r := started(b, c, month.String(), file.String())
		if r = ended(b, c, r.Id); r.Status != wages.Completed || int(r.Payslips) != rows {
			b.Fatalf("got %v", r)
		}
		month.Month++
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "payslips/s")
}
