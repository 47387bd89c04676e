package picture

import (
	"testing"

	"triptych/domain/picture/picturetest"
)

// BenchmarkProcess makes the three sizes of a 12-megapixel photo.
func BenchmarkProcess(b *testing.B) {
	data := picturetest.JPEG(picturetest.Photo(4000, 3000))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Process(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck refuses a file of 875 KB that would take 900 MB to decode.
func BenchmarkCheck(b *testing.B) {
	data := picturetest.Bomb(30_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Check(data, "image/png"); err == nil {
			b.Fatal("the bomb was let pass")
		}
	}
}
