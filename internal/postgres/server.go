package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/internal/child"
)

const (
	startTimeout = 2 * time.Minute // after a crash there may be a lot to read again
	heldTimeout  = 15 * time.Second
	stopTimeout  = 20 * time.Second
	newsEvery    = 3 * time.Second
)

// Options say which private server to start.
type Options struct {
	Dir      string            // its folder, made when missing
	Fresh    bool              // throw away what was there
	Download bool              // use the downloaded PostgreSQL even when one is installed
	Settings map[string]string // more settings, or others
	Progress func(string)      // hears what takes long; may be nil
}

// A Server is a private PostgreSQL that ends with us. Its methods are for one
// goroutine at a time, but for URL, Version and Provision.
type Server struct {
	home     *home
	bin      Binaries
	password string
	socket   string // folder of the socket
	settings map[string]string
	progress func(string)
	log      *logFile
	process  *child.Process

	secluding sync.Mutex
	secluded  bool
}

// settings are of a private server on a small machine. Safety stays as it is:
// fsync and synchronous_commit are on. No network: a socket is faster than
// loopback, and two servers cannot want the same port.
var settings = map[string]string{
	"listen_addresses":                "",
	"port":                            "5432", // only names the socket
	"max_connections":                 "100",
	"shared_buffers":                  "128MB",
	"max_wal_size":                    "1GB",
	"checkpoint_timeout":              "15min",
	"wal_level":                       "minimal", // nobody replicates it
	"max_wal_senders":                 "0",
	"max_logical_replication_workers": "0",
	"jit":                             "off", // compiling costs more than these queries
	"random_page_cost":                "1.1", // no disk arm moves
	"deadlock_timeout":                "100ms",
	"timezone":                        "UTC",
	"log_timezone":                    "UTC",
	"logging_collector":               "off", // its output comes to us
	"log_destination":                 "stderr",
}

// Start starts a private server, and returns when it answers. It finds an
// installed PostgreSQL, or downloads one; it makes the data, or uses what is
// there. ctx bounds the start only: the server runs until Stop or our end.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	h, err := openHome(o.Dir)
	if err != nil {
		return nil, sentence(err, o.Dir)
	}
	s := &Server{home: h, settings: o.Settings, progress: o.Progress}
	if err := s.prepare(ctx, o); err != nil {
		s.close()
		return nil, sentence(err, h.dir)
	}
	if err := s.run(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *Server) prepare(ctx context.Context, o Options) (err error) {
	s.awaitOrphan(ctx)
	if err := s.home.sweep(); err != nil {
		return err
	}
	if o.Fresh {
		if err := s.home.clear(); err != nil {
			return err
		}
	}
	if s.bin, err = choose(ctx, s.home, o); err != nil {
		return err
	}
	if s.password, err = s.home.password(); err != nil {
		return err
	}
	if s.log, err = openLog(s.home.path("postgres.log")); err != nil {
		return err
	}
	if err := s.home.give(s.home.path("postgres.log")); err != nil {
		return err
	}
	if s.socket, err = socketFolder(s.home); err != nil {
		return err
	}
	if s.home.hasData() {
		return nil
	}
	o.Progress("making a new PostgreSQL " + s.bin.Version + " database in " + s.home.dir)
	return s.init(ctx)
}

// socketFolder is a short one, since a socket's name has 103 characters at
// most on some systems, and on a disk of this machine.
func socketFolder(h *home) (string, error) {
	dir, err := os.MkdirTemp("/tmp", "triptych-pg-")
	if err != nil {
		return "", err
	}
	if err := child.RemoveAtEnd(dir); err != nil {
		return "", err
	}
	return dir, errors.Join(os.Chmod(dir, 0o755), h.give(dir))
}

// URL is where the server's database of that name is found.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", s.password),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {s.socket}, "port": {"5432"}}.Encode(),
	}
	return u.String()
}

// Version is that of the PostgreSQL in use.
func (s *Server) Version() string { return s.bin.Version }

// Dir is the folder in use, which is not the one asked for when we are root
// and the server's user cannot reach that.
func (s *Server) Dir() string { return s.home.dir }

// Database makes sure that there is a database of that name and returns its
// URL.
func (s *Server) Database(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	var there bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there)
	if err == nil && !there {
		_, err = conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{name}.Sanitize())
	}
	if err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	return s.URL(name), nil
}

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.process.Done() }

// Process is the server at work, until it is started again.
func (s *Server) Process() *child.Process { return s.process }

// Stop ends the server, which finishes no transaction but loses none that was
// committed, and gives its folder free.
func (s *Server) Stop() {
	s.stop()
	s.close()
}

func (s *Server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	s.process.Stop(ctx)
}

// Kill is a crash, for those who test what happens then. Restart ends it.
func (s *Server) Kill() { s.process.Kill() }

// Restart ends the server, unless it has ended, and starts it again with the
// same data at the same URL.
func (s *Server) Restart(ctx context.Context) error {
	s.stop()
	return s.run(ctx)
}

func (s *Server) close() {
	if s.log != nil {
		s.log.close()
	}
	if s.socket != "" {
		os.RemoveAll(s.socket)
	}
	s.home.leave()
}
