//go:build linux

package sandbox

import (
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// BenchmarkStart starts the same program in turn by os/exec and by Start, and
// reports the medians until the program has said something, and how many times
// one is the other: on a busy machine only that can be compared.
func BenchmarkStart(b *testing.B) {
	for _, level := range []Level{None, Basic, Standard, Strict} {
		if !can(b, level) {
			continue
		}
		b.Run(string(level), func(b *testing.B) {
			w := newWorld(b, level)
			spec := w.function("exit", "0")
			spec.Connect = []uint16{1, 2}
			var plain, ours []time.Duration
			for b.Loop() {
				plain = append(plain, untilSaid(b, func(out *os.File) func() {
					cmd := exec.Command(spec.Program)
					cmd.Stdout, cmd.Dir, cmd.Env = out, spec.Code, spec.Env
					if err := cmd.Start(); err != nil {
						b.Fatal(err)
					}
					return func() { cmd.Wait() }
				}))
				ours = append(ours, untilSaid(b, func(out *os.File) func() {
					spec.Output = out
					p, err := w.Start(spec)
					if err != nil {
						b.Fatal(err)
					}
					return func() { <-p.Done() }
				}))
			}
			b.ReportMetric(0, "ns/op") // of both together
			b.ReportMetric(float64(median(plain).Microseconds()), "µs/exec")
			b.ReportMetric(float64(median(ours).Microseconds()), "µs/start")
			b.ReportMetric(float64(median(ours))/float64(median(plain)), "times")
		})
	}
}

// untilSaid is how long it takes until a program that start starts has ended
// its output.
func untilSaid(b *testing.B, start func(out *os.File) (wait func())) time.Duration {
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	begin := time.Now()
	wait := start(w)
	w.Close()
	if _, err := io.ReadAll(r); err != nil {
		b.Fatal(err)
	}
	took := time.Since(begin)
	wait()
	return took
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
