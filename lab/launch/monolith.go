package launch

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"triptych/internal/child"
	"triptych/internal/postgres"
	"triptych/internal/serve"
)

// A Running is the monolith when it is up.
type Running struct {
	Shop
	LogFile string

	program *child.Process
	log     io.Closer
	url     string // of the database
}

// Monolith starts the monolith. When it fails, what was started is stopped.
func Monolith(ctx context.Context, o Options) (r *Running, err error) {
	r = &Running{LogFile: filepath.Join(o.Data, "monolith.log")}
	defer func() {
		if err != nil {
			r.Stop()
		}
	}()
	if err := r.open(ctx, o); err != nil {
		return r, err
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

func (r *Running) startDatabase(ctx context.Context, o Options) (url string, err error) {
	if url = o.Getenv("DATABASE_URL"); url != "" {
		if o.Fresh {
			return "", errNotFresh("the database", "DATABASE_URL")
		}
		o.Step("database")("using the database of DATABASE_URL")
		return url, nil
	}
	done := o.Step("starting PostgreSQL")
	if err := r.startServer(ctx, o, nil); err != nil {
		return "", err
	}
	url, err = r.database.Database(ctx, "shop")
	done("PostgreSQL " + r.database.Version() + " runs, with its data in " + near(r.database.Dir()))
	return url, err
}

func errNotFresh(what, variable string) error {
	return fmt.Errorf("--fresh does not touch %s that %s names: empty it yourself, or unset %s", what, variable, variable)
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
	if err := r.awaitReady(ctx); err != nil {
		return err
	}
	return r.writeState()
}

// writeState tells triptych ps what runs.
func (r *Running) writeState() error {
	s := State{Gateway: r.URL, Processes: []Process{
		{Name: "monolith", Pid: r.program.Pid(), State: Ready, Addr: r.listener.Addr().String(), Since: time.Now().UTC()},
	}}
	if r.database != nil {
		s.Processes = append(s.Processes, Process{Name: "postgres", Pid: r.database.Process().Pid(), State: Ready, Since: time.Now().UTC()})
	}
	return s.write(r.Data)
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

// RestartDatabase starts the server again that has ended.
func (r *Running) RestartDatabase(ctx context.Context) error {
	if err := r.database.Restart(ctx); err != nil {
		return err
	}
	return r.writeState()
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
	if r.log != nil {
		_ = r.log.Close()
	}
	r.close()
}
