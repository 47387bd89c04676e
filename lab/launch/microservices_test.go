package launch

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"triptych/internal/kafka/kafkatest"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc"
)

// options are those of a shop of this checkout, with data of t's own.
func options(t *testing.T) Options {
	t.Helper()
	root, err := FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Root: root, Data: pgtest.Folder(t), Addr: "127.0.0.1:0",
		Getenv: func(string) string { return "" },
		Step:   func(string) func(string) { return func(string) {} },
	}
}

func startAll(t *testing.T, o Options) *Services {
	t.Helper()
	s, err := Microservices(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// awaitOpen waits until the gateway says that all it needs is there.
func awaitOpen(t *testing.T, s *Services) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !s.isReady(t.Context()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the shop is not ready")
		}
	}
}

func TestEverythingThatIsKilledComesBack(t *testing.T) {
	o := options(t)
	var mu sync.Mutex
	var ready []string
	o.Ready = func(p Process) {
		mu.Lock()
		defer mu.Unlock()
		ready = append(ready, p.Name)
	}
	o.Instances = map[string]int{"payroll": 2}
	s := startAll(t, o)
	if len(ready) != 12 {
		t.Errorf("these are told to be ready: %v", ready)
	}
	pids := []int{}
	for _, p := range s.Processes() {
		pids = append(pids, p.Pid)
		s.Kill(p.Name)
		if err := s.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
		again := s.Process(p.Name)
		if again.Restarts != 1 || again.Pid == p.Pid || again.Addr != p.Addr {
			t.Errorf("%s is %+v, was %+v", p.Name, again, p)
		}
	}
	awaitOpen(t, s)
	for _, p := range s.Processes() {
		pids = append(pids, p.Pid)
	}

	conn, err := s.Dial("reports")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := rpc.Health(t.Context(), conn); err != nil {
		t.Errorf("the reports' health: %v", err)
	}
	if got := databaseAt(t, s.AdminURL("orders")); got != "orders as postgres" {
		t.Errorf("the administrator is at %s", got)
	}

	s.Stop()
	for _, pid := range pids {
		awaitEnd(t, pid)
	}
	if _, running, err := ReadState(s.Data); running || err != nil {
		t.Errorf("after the end: running %v, error %v", running, err)
	}
}

func databaseAt(t *testing.T, url string) (name string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), `SELECT current_database() || ' as ' || current_user`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

// What does not need a service that is away goes on without it.
func TestAServiceThatIsAway(t *testing.T) {
	s := startAll(t, options(t))
	release := s.Hold("payroll")
	answer, err := http.Get(s.URL + "/v1/products")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("without payroll, products are answered with %s", answer.Status)
	}
	if pid := s.Pid("payroll"); pid != 0 {
		t.Errorf("payroll runs as process %d", pid)
	}
	release()
	if err := s.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitOpen(t, s)
}

func TestAServiceThatCannotStart(t *testing.T) {
	o := options(t)
	o.EnvOf = map[string][]string{"payments": {"LOG_LEVEL=loud"}}
	s, err := Microservices(t.Context(), o)
	want := `payments does not start: LOG_LEVEL is "loud": want debug, info, warn or error (its log is ` + journalFile(o.Data, "payments") + ")"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if left := s.Processes(); len(left) != 0 {
		t.Errorf("these are left: %v", left)
	}
	if _, running, _ := ReadState(o.Data); running {
		t.Error("the folder is still in use")
	}
}

// A user's own PostgreSQL and Kafka are used and not started, nor emptied.
func TestTheUsersOwnServers(t *testing.T) {
	server, err := postgres.Start(t.Context(), postgres.Options{Dir: pgtest.Folder(t), Settings: forServices})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	brokers := kafkatest.Brokers(t)
	own := map[string]string{"DATABASE_URL": server.URL("postgres"), "KAFKA_BROKERS": brokers}
	o := options(t)
	o.Getenv = func(name string) string { return own[name] }
	s := startAll(t, o)
	var names []string
	for _, p := range s.Processes() {
		names = append(names, p.Name)
	}
	if len(names) != len(services) {
		t.Errorf("there are %v", names)
	}
	if got := databaseAt(t, s.AdminURL("orders")); got != "triptych_orders as postgres" {
		t.Errorf("the administrator is at %s", got)
	}
	if got := databaseAt(t, s.databases["orders"]); got != "triptych_orders as triptych_orders" {
		t.Errorf("orders is at %s", got)
	}
	state, running, err := ReadState(s.Data)
	if !running || err != nil || state.Brokers != brokers {
		t.Errorf("state %+v, running %v, error %v", state, running, err)
	}
	s.Stop()

	for _, variable := range []string{"DATABASE_URL", "KAFKA_BROKERS"} {
		o := options(t)
		o.Fresh = true
		o.Getenv = func(name string) string {
			if name == variable {
				return own[name]
			}
			return ""
		}
		if _, err := Microservices(t.Context(), o); err == nil || !strings.Contains(err.Error(), "unset "+variable) {
			t.Errorf("a fresh start with %s: %v", variable, err)
		}
	}
}

// Certificates and passwords of before serve the next start; a fresh one makes
// all of it anew.
func TestTheSecondStart(t *testing.T) {
	o := options(t)
	s := startAll(t, o)
	first := s.Secrets
	s.Stop()
	s = startAll(t, o)
	if diff := cmp.Diff(first, s.Secrets); diff != "" {
		t.Errorf("the second time (-first +second):\n%s", diff)
	}
	s.Stop()
	o.Fresh = true
	s = startAll(t, o)
	if s.Secrets.ManagerPassword == first.ManagerPassword || s.Secrets.Passwords["orders"] == first.Passwords["orders"] {
		t.Error("a fresh start keeps the passwords")
	}
}
