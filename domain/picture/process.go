package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"runtime/debug"
)

const quality = 85

// Process decodes an upload and returns it as a JPEG in each of Sizes, upright,
// on white where it was transparent, and without metadata: only pixels
// survive. It checks the upload's dimensions again before it decodes, so that a
// caller that forgot Check is safe too. When a picture makes it panic, that is
// an error, and no fault: whoever processes many goes on with the next.
func Process(data []byte) (map[Size][]byte, error) {
	return safely(func() (map[Size][]byte, error) { return process(data, contract) })
}

func safely(f func() (map[Size][]byte, error)) (jpegs map[Size][]byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			jpegs, err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

func process(data []byte, l limits) (map[Size][]byte, error) {
	info, err := inspect(data, l)
	if err != nil {
		return nil, err
	}
	var next image.Image
	if next, err = decode(data, info.Format); err != nil {
		return nil, err
	}
	jpegs := make(map[Size][]byte, len(Sizes))
	for _, size := range Sizes {
		scaled := shrink(next, fit(info.Width, info.Height, longest[size]))
		var file bytes.Buffer
		if err := jpeg.Encode(&file, turned(scaled, info.Orientation), &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode %s: %w", size, err)
		}
		jpegs[size] = file.Bytes()
		next = scaled
	}
	return jpegs, nil
}

// decode treats a panic as a refusal: the decoders read what strangers send.
func decode(data []byte, f Format) (m image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = damaged("%v", p)
		}
	}()
	if f == PNG {
		m, err = png.Decode(bytes.NewReader(data))
	} else {
		m, err = jpeg.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return m, nil
}
