package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const someTraces = `File: orders
Type: cpu
Duration: 9.01s, Total samples = 70ms ( 0.78%)
-----------+-------------------------------------------------------
      10ms   internal/runtime/syscall/linux.Syscall6
             syscall.Syscall
             net.(*netFD).Write
             github.com/jackc/pgx/v5/pgconn.(*PgConn).Exec
             triptych/microservices/orders.placeOnce
-----------+-------------------------------------------------------
      40ms   internal/runtime/syscall/linux.Syscall6
             net.(*conn).Write
             crypto/tls.(*Conn).Write
             google.golang.org/grpc/internal/transport.(*bufWriter).flush
-----------+-------------------------------------------------------
      50ms   crypto/internal/fips140/aes/gcm.seal
             crypto/tls.(*Conn).Write
             google.golang.org/grpc/internal/transport.(*bufWriter).flush
-----------+-------------------------------------------------------
      20ms   runtime.futex
             runtime.mcall
-----------+-------------------------------------------------------
      30ms   runtime.mallocgc (inline)
             google.golang.org/protobuf/proto.Marshal
             google.golang.org/grpc.encode
-----------+-------------------------------------------------------
         1s  runtime.scanobject
             runtime.gcBgMarkWorker
-----------+-------------------------------------------------------
      10ms   os.ReadFile
             runtime.main
-----------+-------------------------------------------------------
`

func TestParseTraces(t *testing.T) {
	got, err := parseTraces(someTraces)
	if err != nil {
		t.Fatal(err)
	}
	want := shares{
		layers: map[string]time.Duration{
			"pgx": 10 * time.Millisecond, "gRPC": 40 * time.Millisecond, encryption: 50 * time.Millisecond,
			scheduler: 20 * time.Millisecond, "protobuf": 30 * time.Millisecond, collector: time.Second, rest: 10 * time.Millisecond,
		},
		across: map[string]time.Duration{systemCalls: 70 * time.Millisecond, memory: 1030 * time.Millisecond},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shares{})); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
	if got, err := parseTraces("File: orders\nDuration: 1s, Total samples = 0\n"); err != nil || len(got.layers) > 0 {
		t.Errorf("of nothing: %v, %v", got, err)
	}
	if _, err := parseTraces("-----------+\n  many   main.main\n-----------+\n"); err == nil {
		t.Error("what is not understood was taken for something")
	}
}
