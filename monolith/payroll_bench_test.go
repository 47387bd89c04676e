package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/payroll"
	wages "triptych/store/payroll"
)

// BenchmarkPayrollRun pays PAYROLL_ROWS employees, 100,000 unless that is set:
// from the first byte of the file to a completed run, uploading included. An
// operation is a month, and later months read the earlier ones' payslips.
func BenchmarkPayrollRun(b *testing.B) {
	rows := 100_000
	if n, err := strconv.Atoi(os.Getenv("PAYROLL_ROWS")); err == nil {
		rows = n
	}
	p, by := openPayday(b)
	defer atWork(b, p)()
	var file bytes.Buffer
	fmt.Fprintln(&file, payroll.Header)
	for i := range rows {
		fmt.Fprintf(&file, "%s,%d.%02d,%d\n", staff(i), i%200, i%100, i%20)
	}
	_, err := p.db.CopyFrom(b.Context(), pgx.Identifier{"employees"},
		[]string{"id", "name", "tax_code", "ni_category", "hourly", "salary", "pension_percent"},
		pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
			return []any{staff(i), "Name", []string{"1257L", "K475", "BR", "1257LX"}[i%4], string(payroll.NICategories[i%7]), 1200 + i%3000, 0, i % 10}, nil
		}))
	if err != nil {
		b.Fatal(err)
	}
	peak := watchHeap(b)
	month := april
	for b.Loop() {
		if month.Year > 2026 {
			b.Fatal("there are rates for nine months of 2026: -benchtime 9x at most")
		}
		r, _, err := p.StartRun(b.Context(), by, uuid.NewString(), month, bytes.NewReader(file.Bytes()), 10*time.Minute)
		if err != nil || r.Status != wages.Completed || r.Payslips != rows {
			b.Fatalf("%+v, %v", r, err)
		}
		if month.Month++; month.Month > 12 {
			month = payroll.Period{Year: 2027, Month: 1}
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "payslips/s")
	b.ReportMetric(float64(peak())/(1<<20), "peak-heap-MiB")
}

func staff(i int) string { return fmt.Sprintf("emp-%06d", i) }

// watchHeap samples the heap until the function it returns, which tells by how
// much it grew at most.
func watchHeap(b *testing.B) (peak func() uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	runtime.GC()
	metrics.Read(sample)
	base := sample[0].Value.Uint64()
	var most atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				metrics.Read(sample)
				most.Store(max(most.Load(), sample[0].Value.Uint64()))
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		return max(most.Load(), base) - base
	}
}
