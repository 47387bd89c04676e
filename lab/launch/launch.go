// Package launch starts an architecture on this machine with everything it
// needs, for whoever has Go and nothing else: it builds the programs, starts a
// database, a broker and a receiver for traces, and ends all of it with us.
package launch

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"triptych/internal/postgres"
	"triptych/internal/serve"
	"triptych/lab/otlp"
)

// Options say what to start and how.
type Options struct {
	Root    string              // the checkout; see FindRoot
	Data    string              // folder of the database, keys and logs
	Addr    string              // where to serve: 127.0.0.1:8080
	AnyPort bool                // serve at another port when that one is in use
	Fresh   bool                // throw away what an earlier run left in Data
	Getenv  func(string) string // the environment
	Step    Step
	Env     []string // more variables for every program, as NAME=value

	// What follows is for Microservices alone; all of it may be left out.

	EnvOf     map[string][]string // more variables for one service, by its name
	Programs  map[string]string   // other programs for some services, by their names
	Instances map[string]int      // how many processes of a service; one unless it says more
	Faults    bool                // let tests plant faults in the services (FAULTS=on)
	Ready     func(Process)       // hears of each process when it is ready for the first time
	Say       func(Line)          // hears what a user should know of: warnings, and processes that end
}

// A Step tells the user that something which may take long begins, and returns
// what to call with its result when it is done.
type Step func(what string) (done func(result string))

// A Shop is what every architecture has while it is up.
type Shop struct {
	URL     string
	Data    string // its folder
	Secrets Secrets
	Traces  *otlp.Receiver

	lock     *lock
	listener *net.TCPListener // the shop's, which the program inherits
	received func()           // ends the receiver
	database *postgres.Server // nil when DATABASE_URL names one
}

// open takes the data folder and the shop's port before anything is started, and
// keeps both: the program inherits the port, so nobody else can take it in
// between, and whoever answers there is ours.
func (s *Shop) open(ctx context.Context, o Options) (err error) {
	s.Data = o.Data
	l, err := serve.Listen(ctx, o.Addr)
	if err != nil && o.AnyPort {
		l, err = serve.Listen(ctx, "127.0.0.1:0")
	}
	if err != nil {
		return fmt.Errorf("--port: %w", err)
	}
	s.listener = l.(*net.TCPListener)
	s.URL = "http://" + l.Addr().String()
	if err := os.MkdirAll(o.Data, 0o755); err != nil {
		return fmt.Errorf("the data folder cannot be made: %w", err)
	}
	s.lock, err = takeLock(o.Data)
	return err
}

// startServer starts a server for the shop's databases.
func (s *Shop) startServer(ctx context.Context, o Options, settings map[string]string) (err error) {
	s.database, err = postgres.Start(ctx, postgres.Options{
		Dir:      filepath.Join(o.Data, "postgres"),
		Fresh:    o.Fresh,
		Settings: settings,
		Progress: func(what string) { o.Step(what)("") },
	})
	return err
}

// startReceiver starts the receiver that every program here reports to, and
// that passes everything on to the user's own.
func (s *Shop) startReceiver(o Options) error {
	relay, err := otlp.RelayFrom(o.Getenv)
	if err != nil {
		return err
	}
	if s.Traces, err = otlp.Listen(relay); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Traces.Serve(ctx) // it reports at its end only, when nobody is interested
	}()
	s.received = func() { cancel(); <-done }
	return nil
}

// close gives back what open and the starts have taken, once the programs have
// ended.
func (s *Shop) close() {
	if s.listener != nil {
		_ = s.listener.Close()
	}
	if s.received != nil {
		s.received()
	}
	if s.database != nil {
		s.database.Stop()
	}
	if s.lock != nil {
		s.lock.release()
	}
}

// near names a path as somebody in the working directory would.
func near(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if within, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(within) {
		return within
	}
	return path
}
