package code_test

import (
	"archive/zip"
	"os"
	"testing"
)

// BenchmarkFetch is the price of a cold start whose code is on this machine.
func BenchmarkFetch(b *testing.B) {
	s := open(b, b.TempDir(), 1<<30)
	d := put(b, s, program)
	for b.Loop() {
		fetch(b, s, d).Release()
	}
}

// BenchmarkLoad is the price of the first one: this test's own program, of some
// 10 MB, is verified and unpacked.
func BenchmarkLoad(b *testing.B) {
	path, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	self, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	for name, method := range map[string]uint16{"deflated": zip.Deflate, "stored": zip.Store} {
		b.Run(name, func(b *testing.B) {
			s := open(b, b.TempDir(), 0) // what nobody holds goes at once
			d, err := s.Put(b.Context(), zippedBy(b, method, file{"bootstrap", 0o755, string(self)}))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(self)))
			for b.Loop() {
				fetch(b, s, d).Release()
			}
		})
	}
}
