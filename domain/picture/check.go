package picture

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"mime"

	"triptych/domain/fault"
)

// limits are those of the contract, or smaller ones in a test.
type limits struct{ pixels, side int }

var contract = limits{MaxPixels, MaxSide}

// Check looks at an upload without decoding it, in microseconds whatever the
// picture's size: its type by its first bytes, which contentType must agree
// with, its length and its dimensions.
func Check(data []byte, contentType string) (Info, error) {
	if len(data) > MaxBytes {
		return Info{}, fault.New(fault.TooLarge, "body_too_large", "a picture may have at most %d MiB", MaxBytes>>20)
	}
	info, err := inspect(data, contract)
	if err != nil {
		return Info{}, err
	}
	if named, _, err := mime.ParseMediaType(contentType); err != nil || named != info.Format.MediaType() {
		return Info{}, fault.New(fault.UnsupportedMedia, "unsupported_media_type",
			"the body is %s, but was sent as %q", info.Format.MediaType(), contentType)
	}
	return info, nil
}

func inspect(data []byte, l limits) (Info, error) {
	format, config, err := readConfig(data)
	if err != nil {
		return Info{}, err
	}
	w, h := config.Width, config.Height
	if w < 1 || h < 1 {
		return Info{}, damaged("it has no pixels")
	}
	if w > l.side || h > l.side || w*h > l.pixels {
		return Info{}, fault.New(fault.Invalid, "picture_too_many_pixels",
			"%d × %d pixels are too many: at most %d on a side and %d in all", w, h, l.side, l.pixels)
	}
	info := Info{Format: format, Width: w, Height: h}
	if format == PNG {
		info.Orientation, info.decoded = pngOrientation(data), pngMemory(data, w, h)
		return info, nil
	}
	if n := bytes.Count(data, []byte{0xff, sos}); n > maxScans {
		return Info{}, damaged("it has %d scans, and more than %d are not read", n, maxScans)
	}
	info.Orientation, info.decoded = jpegHeader(data, w, h)
	return info, nil
}

var (
	jpegMagic = []byte("\xff\xd8\xff")
	pngMagic  = []byte("\x89PNG\r\n\x1a\n")
)

// readConfig calls the two decoders by name. image.Decode would also call
// whatever decoder some other package may have registered.
func readConfig(data []byte) (Format, image.Config, error) {
	var (
		format Format
		config image.Config
		err    error
	)
	switch {
	case bytes.HasPrefix(data, jpegMagic):
		format = JPEG
		config, err = jpeg.DecodeConfig(bytes.NewReader(data))
	case bytes.HasPrefix(data, pngMagic):
		format = PNG
		config, err = png.DecodeConfig(bytes.NewReader(data))
		if w, h, ok := pngClaim(data); ok && err != nil {
			config.Width, config.Height, err = w, h, nil // the decoder gives up before it says how large
		}
	default:
		return "", config, fault.New(fault.UnsupportedMedia, "unsupported_media_type", "a picture is a JPEG or a PNG file")
	}
	if err != nil {
		return "", config, unreadable(err)
	}
	return format, config, nil
}

// unreadable says in plain words what a decoder refused.
func unreadable(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("the file ends too early")
	}
	return damaged("%v", err)
}
