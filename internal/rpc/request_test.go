package rpc_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/internal/rpc"
)

func TestParseID(t *testing.T) {
	want := uuid.New()
	if got, err := rpc.ParseID("order_id", want.String()); got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	for _, s := range []string{"", "ada", want.String()[1:]} {
		_, err := rpc.ParseID("order_id", s)
		if diff := cmp.Diff([]fault.Field{{Pointer: "/order_id", Detail: "must be a UUID"}}, fault.From(err).Fields); diff != "" {
			t.Errorf("%q (-want +got):\n%s", s, diff)
		}
	}
}

func TestParseLimit(t *testing.T) {
	for limit, good := range map[int32]bool{-1: false, 0: false, 1: true, 1000: true, 1001: false} {
		got, err := rpc.ParseLimit(limit)
		if good && (got != int(limit) || err != nil) || !good && !fault.Is(err, "invalid") {
			t.Errorf("%d: got %d, %v", limit, got, err)
		}
	}
}
