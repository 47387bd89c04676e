package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/internal/child"
)

// init makes the data under another name first: half of it is never taken for
// the whole.
func (s *Server) init(ctx context.Context) error {
	fresh, secret := s.home.path("data.new"), s.home.path("password.init")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return err
	}
	defer os.Remove(secret)
	if err := errors.Join(s.home.give(fresh), os.WriteFile(secret, []byte(s.password), 0o600), s.home.give(secret)); err != nil {
		return err
	}
	args := append([]string{"-D", fresh, "-U", "postgres", "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"}, locale(s.bin.Major)...)
	if s.settings["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	p, err := s.start(exec.Command(s.bin.Dir+"/initdb", args...), syscall.SIGTERM)
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Kill()
		return ctx.Err()
	}
	if err := p.Wait(); err != nil {
		return s.explain("could not make a new database", err)
	}
	return os.Rename(fresh, s.home.path("data"))
}

// start starts one of the programs as whoever runs the server.
func (s *Server) start(cmd *exec.Cmd, ask syscall.Signal) (*child.Process, error) {
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")} // none of PGDATA, PGPORT and so on
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.home.who}
	out := child.NewLines(s.log.line)
	cmd.Stdout, cmd.Stderr = out, out
	s.log.forget()
	return child.Start(cmd, ask)
}

// run starts the server and waits until it answers. After a kill -9 the
// backends of the last one hold its memory for about a second, so a refusal on
// that account is tried again.
func (s *Server) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for begun := time.Now(); ; {
		err := s.attempt(ctx)
		if err == nil || !heldByLast(s.log.last()) || time.Since(begun) > heldTimeout {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func heldByLast(complaint string) bool {
	return strings.Contains(complaint, "pre-existing shared memory block") ||
		strings.Contains(complaint, `lock file "postmaster.pid" already exists`)
}

func (s *Server) attempt(ctx context.Context) error {
	all := map[string]string{"unix_socket_directories": s.socket}
	for _, m := range []map[string]string{settings, s.settings} {
		maps.Copy(all, m)
	}
	args := []string{"-D", s.home.path("data")}
	for name, value := range all {
		args = append(args, "-c", name+"="+value)
	}
	p, err := s.start(exec.Command(s.bin.Dir+"/postgres", args...), syscall.SIGINT)
	if err != nil {
		return s.explain("did not start", err)
	}
	s.process = p
	if err := s.ready(ctx); err != nil {
		s.stop()
		return s.explain("did not start", err)
	}
	return nil
}

// ready waits until the server answers or has ended.
func (s *Server) ready(ctx context.Context) error {
	news := time.NewTicker(newsEvery)
	defer news.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.process.Done():
			return errors.New("it ended at once")
		case <-ctx.Done():
			return err
		case <-news.C:
			s.progress("still waiting for PostgreSQL; after a crash it first reads its log again")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// explain makes one sentence of what went wrong and what to do.
func (s *Server) explain(what string, err error) error {
	complaint := s.log.last()
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case strings.Contains(complaint, diskFull):
		return fmt.Errorf("the disk is full: PostgreSQL cannot write to %s; make room and start again", s.home.dir)
	case heldByLast(complaint):
		return fmt.Errorf("an earlier PostgreSQL still runs on the data in %s: end its processes and start again", s.home.dir)
	case complaint == "":
		complaint = err.Error()
	}
	return fmt.Errorf("PostgreSQL %s %s: %s (more in %s; --fresh begins with new data)", s.bin.Version, what, complaint, s.log.path)
}

// sentence says what to do about a folder that cannot be used.
func sentence(err error, dir string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk is full: %s cannot be written to; make room and start again", dir)
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%s cannot be used by this user (%w): choose another folder with --data", dir, err)
	}
	return err
}
