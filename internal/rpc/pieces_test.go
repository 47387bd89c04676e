package rpc_test

import (
	"io"
	"testing"
	"testing/iotest"

	"triptych/internal/rpc"
)

func TestPiecesAreOneStream(t *testing.T) {
	left := []string{"", "employee,", "", "hours", "\nann,1\n", ""}
	r := rpc.Pieces(func() ([]byte, error) {
		if len(left) == 0 {
			return nil, io.EOF
		}
		next := left[0]
		left = left[1:]
		return []byte(next), nil
	})
	if err := iotest.TestReader(r, []byte("employee,hours\nann,1\n")); err != nil {
		t.Error(err)
	}
}

func TestAStreamThatBreaksOffIsNotItsEnd(t *testing.T) {
	r := rpc.Pieces(func() ([]byte, error) { return nil, io.ErrUnexpectedEOF })
	if _, err := io.ReadAll(r); err != io.ErrUnexpectedEOF {
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
}
