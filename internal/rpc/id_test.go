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
