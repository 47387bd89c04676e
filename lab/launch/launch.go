// Package launch starts an architecture on this machine with everything it
// needs, for whoever has Go and nothing else: it builds the programs, starts a
// database and a receiver for traces, and ends all of it with us.
package launch

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"triptych/internal/child"
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
	Env     []string // more variables for the program, as NAME=value
}

// A Step tells the user that something which may take long begins, and returns
// what to call with its result when it is done.
type Step func(what string) (done func(result string))

// A Running is an architecture that is up.
type Running struct {
	URL     string
	Secrets Secrets
	Traces  *otlp.Receiver
	LogFile string

	listener *net.TCPListener // the shop's, which the program inherits
	program  *child.Process
	received func() // ends the receiver
	log      io.Closer
	database *postgres.Server // nil when DATABASE_URL names one
	url      string           // of the database
}

// Monolith starts the monolith. When it fails, what was started is stopped.
func Monolith(ctx context.Context, o Options) (r *Running, err error) {
	r = &Running{LogFile: filepath.Join(o.Data, "monolith.log")}
	defer func() {
		if err != nil {
			r.Stop()
		}
	}()
	if err := r.listen(ctx, o); err != nil {
		return r, err
	}
	if err := os.MkdirAll(o.Data, 0o755); err != nil {
		return r, fmt.Errorf("the data folder cannot be made: %w", err)
	}
	program, err := build(ctx, o, "monolith")
	if err != nil {
		return r, err
	}
	if r.url, err = r.startDatabase(ctx, o); err != nil {
		return r, err
	}
	if r.Secrets, err = secrets(o); err != nil {
		return r, err
	}
	if err := r.startReceiver(o); err != nil {
		return r, err
	}
	done := o.Step("starting the monolith")
	if err := r.startProgram(ctx, program, o); err != nil {
		return r, err
	}
	done("monolith ready at " + r.URL)
	return r, nil
}

// listen opens the shop's port before anything is started, and keeps it: the
// program inherits it, so nobody else can take it in between, and whoever
// answers there is ours.
func (r *Running) listen(ctx context.Context, o Options) error {
	l, err := serve.Listen(ctx, o.Addr)
	if err != nil && o.AnyPort {
		l, err = serve.Listen(ctx, "127.0.0.1:0")
	}
	if err != nil {
		return fmt.Errorf("--port: %w", err)
	}
	r.listener = l.(*net.TCPListener)
	r.URL = "http://" + l.Addr().String()
	return nil
}

func (r *Running) startDatabase(ctx context.Context, o Options) (url string, err error) {
	if url = o.Getenv("DATABASE_URL"); url != "" {
		if o.Fresh {
			return "", fmt.Errorf("--fresh does not touch the database that DATABASE_URL names: empty it yourself, or unset DATABASE_URL")
		}
		o.Step("database")("using the database of DATABASE_URL")
		return url, nil
	}
	done := o.Step("starting PostgreSQL")
	r.database, err = postgres.Start(ctx, postgres.Options{
		Dir:      filepath.Join(o.Data, "postgres"),
		Fresh:    o.Fresh,
		Progress: func(what string) { o.Step(what)("") },
	})
	if err != nil {
		return "", err
	}
	url, err = r.database.Database(ctx, "shop")
	done("PostgreSQL " + r.database.Version() + " runs, with its data in " + r.database.Dir())
	return url, err
}

// startReceiver starts the receiver that every program here reports to, and
// that passes everything on to the user's own.
func (r *Running) startReceiver(o Options) error {
	relay, err := otlp.RelayFrom(o.Getenv)
	if err != nil {
		return err
	}
	if r.Traces, err = otlp.Listen(relay); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.Traces.Serve(ctx) // it reports at its end only, when nobody is interested
	}()
	r.received = func() { cancel(); <-done }
	return nil
}

func (r *Running) startProgram(ctx context.Context, program string, o Options) error {
	_ = os.Rename(r.LogFile, r.LogFile+".1") // what the run before said; there may be none
	log, err := os.Create(r.LogFile)
	if err != nil {
		return fmt.Errorf("the log cannot be written: %w", err)
	}
	r.log = log
	inherited, err := r.listener.File()
	if err != nil {
		return err
	}
	defer inherited.Close()
	cmd := exec.Command(program)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{inherited} // the first of them is file 3
	cmd.Env = append(r.Traces.Env(os.Environ()),
		"HTTP_ADDR=fd:3",
		"DATABASE_URL="+r.url,
		"MANAGER_EMAIL="+r.Secrets.ManagerEmail,
		"MANAGER_PASSWORD="+r.Secrets.ManagerPassword,
		"TOKEN_SEED="+r.Secrets.TokenSeed,
	)
	cmd.Env = append(cmd.Env, o.Env...)
	if r.program, err = child.Start(cmd, 0); err != nil {
		return err
	}
	return r.awaitReady(ctx)
}

// Pid is the process id of the program.
func (r *Running) Pid() int { return r.program.Pid() }

// Database is the server that was started for the shop, or nil.
func (r *Running) Database() *postgres.Server { return r.database }

// DatabaseDone is closed when the server that was started for the shop has
// ended. It is never ready when there is none.
func (r *Running) DatabaseDone() <-chan struct{} {
	if r.database == nil {
		return nil
	}
	return r.database.Done()
}

// Done is closed when the program has ended, which it does not by itself.
func (r *Running) Done() <-chan struct{} { return r.program.Done() }

// Kill ends the program at once, as kill -9 does. The rest stays up.
func (r *Running) Kill() { r.program.Kill() }

// Restart starts the program again after it has ended.
func (r *Running) Restart(ctx context.Context, o Options) error {
	_ = r.log.Close()
	return r.startProgram(ctx, filepath.Join(binaries(o.Root), "monolith"), o)
}

// Stop ends everything, in the order that loses nothing: the program first,
// which drains, and then what it depends on.
func (r *Running) Stop() {
	if r.program != nil {
		ctx, cancel := context.WithTimeout(context.Background(), serve.Drain+2*time.Second)
		defer cancel()
		r.program.Stop(ctx)
	}
	if r.listener != nil {
		_ = r.listener.Close()
	}
	if r.log != nil {
		_ = r.log.Close()
	}
	if r.received != nil {
		r.received()
	}
	if r.database != nil {
		r.database.Stop()
	}
}
