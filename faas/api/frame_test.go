package api

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// FuzzFrame has the official decoder read what is written here.
func FuzzFrame(f *testing.F) {
	f.Add("PayloadChunk", "application/octet-stream", []byte("\x00part"))
	f.Add("InvokeComplete", "application/json", []byte("{}"))
	f.Add("", "", []byte{})
	f.Fuzz(func(t *testing.T, kind, contentType string, payload []byte) {
		const most = 1 << 15 // of a value
		if len(kind) >= most || len(contentType) >= most {
			return
		}
		frames := appendFrame([]byte("before"), kind, contentType, payload)[len("before"):]
		frames = appendFrame(frames, "next", "", nil)
		in := bytes.NewReader(frames)
		m, err := eventstream.NewDecoder().Decode(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{":message-type": "event", ":event-type": kind, ":content-type": contentType} {
			if got := m.Headers.Get(name); got == nil || got.String() != want {
				t.Errorf("%s is %v, want %q", name, got, want)
			}
		}
		if !bytes.Equal(m.Payload, payload) {
			t.Errorf("the payload is %q", m.Payload)
		}
		if m, err := eventstream.NewDecoder().Decode(in, nil); err != nil || m.Headers.Get(":event-type").String() != "next" {
			t.Errorf("the next is %v, %v", m, err)
		}
	})
}
