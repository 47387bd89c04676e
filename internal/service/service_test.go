package service_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc"
	"triptych/internal/waittest"
	rpcv1 "triptych/proto/rpc/v1"
)

// A call that has begun is answered although the process was asked to end, and
// although it waits for work beside the server.
func TestFromStartToEnd(t *testing.T) {
	a := newAuthority(t)
	at := pgtest.URL(t, jobs)
	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	p := start(t, a, "clerk", "DATABASE_URL="+at, "KAFKA_BROKERS_OF_CLERKS=none", "OWN_SETTING=x")
	p.await(t, true)

	answer := make(chan error, 1)
	client := rpcv1.NewFaultsClient(p.dial(t, a, "operator"))
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := client.Plant(ctx, &rpcv1.PlantRequest{Point: "a job"})
		answer <- err
	}()
	waittest.Until(t, "the call has begun", func() bool {
		var n int
		return db.QueryRow(t.Context(), `SELECT count(*) FROM jobs`).Scan(&n) == nil && n == 1
	})
	if err := syscall.Kill(p.child.Pid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "nobody listens", func() bool {
		c, err := net.Dial("tcp", p.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if ok, _ := p.health(); ok {
		t.Error("well, while it ends")
	}
	select {
	case err := <-answer:
		t.Fatalf("the call was answered with %v before its job was done", err)
	default:
	}
	if _, err := db.Exec(t.Context(), `UPDATE jobs SET permitted = true`); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Errorf("the call that had begun: %v", err)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	var left int
	waittest.Until(t, "the service's connections are gone", func() bool {
		err := db.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'clerk' AND datname = current_database()`).Scan(&left)
		return err == nil && left == 0
	})
}

// Without its database a service runs on, not well, and is well again with it.
func TestNotWellWithoutTheDatabase(t *testing.T) {
	a, dir := newAuthority(t), pgtest.Folder(t)
	socket := filepath.Join(t.TempDir(), "socket")
	server, at := startPostgres(t, dir, socket)
	p := start(t, a, "clerk", "DATABASE_URL="+at, "KAFKA_BROKERS_OF_CLERKS=none", "OWN_SETTING=x")
	p.await(t, true)
	server.Stop()
	p.await(t, false)
	startPostgres(t, dir, socket)
	p.await(t, true)
}

// startPostgres starts a server whose socket, wherever it is this time, is found
// by a link.
func startPostgres(t *testing.T, dir, link string) (s *postgres.Server, at string) {
	t.Helper()
	s, err := postgres.Start(t.Context(), postgres.Options{Dir: dir, Settings: map[string]string{"fsync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	u, err := url.Parse(s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if err := os.Symlink(q.Get("host"), link+"-new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+"-new", link); err != nil {
		t.Fatal(err)
	}
	q.Set("host", link)
	u.RawQuery = q.Encode()
	return s, u.String()
}

func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	p := start(t, nil, "clerk", "FAULTS=perhaps")
	if code := p.end(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	want := strings.TrimSpace(`
clerk: DATABASE_URL must be set
KAFKA_BROKERS_OF_CLERKS must be set
TLS_DIR must be set
FAULTS must be on or off, not "perhaps"
OWN_SETTING must be set`)
	if got := strings.TrimSpace(p.out.String()); got != want {
		t.Errorf("it said\n%s\nwant\n%s", got, want)
	}
	out, err := p.command("health").CombinedOutput()
	if got := string(out); err == nil || got != "clerk: TLS_DIR must be set\n" {
		t.Errorf("health said %q, %v", got, err)
	}
}

func TestWhyItDoesNotStart(t *testing.T) {
	a := newAuthority(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	others := issue(t, a, "catalogue")
	for _, c := range []struct {
		program, set, want string
	}{
		{"ticker", "GRPC_ADDR=" + l.Addr().String(), "GRPC_ADDR: port " + port + " is in use by another program: choose another"},
		{"door", "HTTP_ADDR=" + l.Addr().String(), "HTTP_ADDR: port " + port + " is in use by another program: choose another"},
		{"ticker", "DEBUG_ADDR=" + l.Addr().String(), "DEBUG_ADDR: port " + port + " is in use by another program: choose another"},
		{"ticker", "TLS_DIR=" + others, "TLS_DIR: the identity in " + others + " is that of catalogue"},
		{"ticker", "LOG_LEVEL=loud", "LOG_LEVEL"},
		{"broken", "X=", "the work broke"},
	} {
		p := start(t, a, c.program, c.set)
		code, said := p.end(t), lastLine(p.out.String())
		if want := c.program + ": " + c.want; code != 1 || !strings.HasPrefix(said, want) {
			t.Errorf("%s with %s: exit code %d, %q; want 1, %q", c.program, c.set, code, said, want)
		}
	}
	p := start(t, a, "broken")
	if out, err := p.command("wealth").CombinedOutput(); err == nil || !strings.Contains(string(out), "health") {
		t.Errorf("an unknown argument: %q, %v", out, err)
	}
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

func TestAServiceThatServesHTTP(t *testing.T) {
	a := newAuthority(t)
	p := start(t, a, "door")
	p.await(t, true)
	if err := syscall.Kill(p.child.Pid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}

	p = start(t, a, "door", "NOT_READY=yes")
	waittest.Until(t, "it serves", func() bool { return strings.Contains(p.out.String(), "door serves") })
	if ok, said := p.health(); ok || !strings.Contains(said, "503") {
		t.Errorf("well %v (%s) when it is not ready", ok, said)
	}
}

func TestFaultsArePlantedOnlyWhereTheyMay(t *testing.T) {
	a := newAuthority(t)
	off, on := start(t, a, "ticker"), start(t, a, "ticker", "FAULTS=on")
	off.await(t, true)
	on.await(t, true)

	_, err := rpcv1.NewFaultsClient(off.dial(t, a, "operator")).Hits(t.Context(), &emptypb.Empty{})
	if got := status.Code(err); got != codes.Unimplemented && got != codes.PermissionDenied {
		t.Errorf("without FAULTS: %v, want that there is no such service", err)
	}
	_, err = rpcv1.NewFaultsClient(on.dial(t, a, "gateway")).Hits(t.Context(), &emptypb.Empty{})
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("by the gateway: %v, want that it may not", err)
	}

	client := rpcv1.NewFaultsClient(on.dial(t, a, "operator"))
	hits, err := client.Hits(t.Context(), &emptypb.Empty{})
	if err != nil || hits.Hits["ticker.tick"] == 0 {
		t.Errorf("hits are %v, %v; want some of ticker.tick", hits, err)
	}
	if _, err := client.Plant(t.Context(), &rpcv1.PlantRequest{Point: "ticker.tick"}); err == nil {
		t.Error("a fault of no kind was planted")
	}
	// It may have ended before it has answered.
	if _, err := client.Plant(t.Context(), &rpcv1.PlantRequest{Point: "ticker.tick", Fault: rpcv1.Fault_FAULT_EXIT}); err != nil && !rpc.Unknown(err) {
		t.Fatal(err)
	}
	if code := on.end(t); code != 137 {
		t.Errorf("exit code %d, want 137", code)
	}
}
