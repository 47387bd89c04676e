package porttest_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"triptych/internal/porttest"
)

func TestAPortIsHeld(t *testing.T) {
	addr := porttest.Addr(t)
	refused := func(when string) {
		t.Helper()
		if c, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s a connection is not refused: %v, %v", when, c, err)
		}
	}
	refused("before anybody listens")
	for range 2 {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		l.Close()
		refused("when nobody listens any more")
	}
}

func TestNobodyElseIsGivenThePort(t *testing.T) {
	addr := porttest.Addr(t)
	for range 40_000 { // there are fewer
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if l.Addr().String() == addr {
			t.Fatal("somebody is given the port that is held")
		}
		l.Close()
	}
}
