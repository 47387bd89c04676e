// Package picture turns an uploaded JPEG or PNG into the three JPEGs that the
// shop shows. It trusts nothing about the upload: what can be known without
// decoding is checked first, because decoding is where a small file can cost
// much memory or time.
package picture

import (
	"fmt"
	"slices"

	"triptych/domain/fault"
)

// The limits of an upload.
const (
	MaxBytes  = 8 << 20
	MaxPixels = 40_000_000
	MaxSide   = 12_000
)

// A Size names one of the JPEGs made from an upload.
type Size string

// The sizes, by the length of their longest side.
const (
	Thumb Size = "thumb" // 160 pixels
	Small Size = "small" // 480 pixels
	Large Size = "large" // 1200 pixels
)

// Sizes lists every size, from the largest to the smallest: each is made from
// the one before it.
var Sizes = []Size{Large, Small, Thumb}

var longest = map[Size]int{Thumb: 160, Small: 480, Large: 1200}

// ParseSize returns the size of that name.
func ParseSize(name string) (Size, error) {
	if !slices.Contains(Sizes, Size(name)) {
		return "", fault.New(fault.NotFound, "not_found", "there is no picture size %q", name)
	}
	return Size(name), nil
}

// A Format is a file format that may be uploaded.
type Format string

// The formats. What is served is always JPEG.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
)

// MediaType returns the format's media type: "image/jpeg" or "image/png".
func (f Format) MediaType() string { return "image/" + string(f) }

// Info is what an upload says about itself before it is decoded.
type Info struct {
	Format        Format
	Width, Height int // as stored, before Orientation is applied
	Orientation   int // as in EXIF: 1 is upright, 2 to 8 are turned or mirrored

	decoded int64 // bytes that decoding takes
}

// Memory returns about how many bytes Process will need for the picture beside
// the upload itself, so that a pool can keep what runs at once within bounds.
func (i Info) Memory() int64 {
	large := fit(i.Width, i.Height, longest[Large])
	half := int64(large.X) * int64(i.Height) // scaled across, not yet down
	full := int64(large.X) * int64(large.Y)
	const besides = 3 << 20 // the bands being scaled, the smaller sizes, the encoded files
	return i.decoded + 4*half + 4*2*full + besides
}

func damaged(format string, args ...any) error {
	return fault.New(fault.Invalid, "picture_damaged", "the picture cannot be read: %s", fmt.Sprintf(format, args...))
}
