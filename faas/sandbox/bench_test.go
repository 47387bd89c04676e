//go:build linux

package sandbox

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkStart starts the same program in turn by os/exec and at each level,
// and reports the medians: on a busy machine only these can be compared.
func BenchmarkStart(b *testing.B) {
	program := program(b)
	dir := filepath.Dir(program)
	ways := map[string]func(out *os.File) (wait func()){
		"exec": func(out *os.File) func() {
			cmd := exec.Command(program)
			cmd.Stdout, cmd.Dir = out, dir
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			return func() { cmd.Wait() }
		},
	}
	for _, level := range []Level{None, Basic, Standard, Strict} {
		s, err := New(level, openDir(b))
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		tmp := openDir(b)
		ways[string(level)] = func(out *os.File) func() {
			p, err := s.Start(Spec{
				Code: dir, Program: program, Tmp: tmp, Output: out, Env: os.Environ(),
				Memory: 128 << 20, TmpSize: 512 << 20, Files: 1024, Processes: 1024, Connect: []uint16{1, 2},
			})
			if err != nil {
				b.Fatal(err)
			}
			return func() { <-p.Done() }
		}
	}
	took := map[string][]time.Duration{}
	for b.Loop() {
		for name, start := range ways {
			r, w, err := os.Pipe()
			if err != nil {
				b.Fatal(err)
			}
			begin := time.Now()
			wait := start(w)
			w.Close()
			if said, err := io.ReadAll(r); err != nil || len(said) == 0 {
				b.Fatal(string(said), err)
			}
			took[name] = append(took[name], time.Since(begin))
			wait()
			r.Close()
		}
	}
	for name, all := range took {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs/"+name)
	}
}
