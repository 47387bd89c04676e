package launch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"triptych/internal/child"
	"triptych/internal/postgres"
)

// The names of what is kept up beside the services.
const (
	broker   = "broker"
	database = "postgres"
)

// forServices are the settings of a PostgreSQL that eight pools share.
var forServices = map[string]string{"max_connections": "200"}

// prefix begins the names of databases and roles on a server that is not ours.
const prefix = "triptych_"

// clear throws away what an earlier run left, but for PostgreSQL's data, which
// PostgreSQL's own start throws away.
func (s *Services) clear(o Options) error {
	if !o.Fresh {
		return nil
	}
	if o.Getenv("DATABASE_URL") != "" {
		return errNotFresh("the databases on the server", "DATABASE_URL")
	}
	if o.Getenv("KAFKA_BROKERS") != "" {
		return errNotFresh("the broker", "KAFKA_BROKERS")
	}
	return errors.Join(os.RemoveAll(s.brokerData()), os.RemoveAll(filepath.Join(s.Data, "certificates")))
}

func (s *Services) brokerData() string { return filepath.Join(s.Data, "broker") }

// startBroker starts the broker that comes with Triptych, unless there is a
// Kafka. Its port stays ours while it is down: who calls then waits for the next.
func (s *Services) startBroker(o Options) error {
	if s.Brokers = o.Getenv("KAFKA_BROKERS"); s.Brokers != "" {
		o.Step("broker")("using the broker of KAFKA_BROKERS")
		s.supervise(o)
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the broker: %w", err)
	}
	s.brokerPort = l.(*net.TCPListener)
	s.Brokers = l.Addr().String()
	s.supervise(o)
	j, err := openJournal(s.Data, broker, s.say)
	if err != nil {
		return err
	}
	s.supervisor.add(part{
		name: broker, addr: s.Brokers,
		start: func(context.Context) (*child.Process, error) {
			cmd, err := s.brokerCommand()
			if err != nil {
				return nil, err
			}
			return j.run(cmd)
		},
		ready: func(ctx context.Context) bool { return answers(ctx, s.Brokers) },
	}, j)
	return nil
}

func (s *Services) supervise(o Options) {
	s.supervisor = supervise(o, State{Brokers: s.Brokers, Gateway: s.URL})
}

func (s *Services) brokerCommand() (*exec.Cmd, error) {
	port, err := s.brokerPort.File()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(serviceBinaries(s.options.Root), broker))
	cmd.ExtraFiles = []*os.File{port} // the first of them is file 3
	cmd.Env = append(s.Traces.Env(inherited()),
		"BROKER_ADDR=fd:3", "BROKER_DATA="+s.brokerData(), "BROKER_ADVERTISED="+s.Brokers)
	cmd.Env = append(cmd.Env, s.options.EnvOf[broker]...)
	return cmd, nil
}

// startDatabases starts PostgreSQL, unless there is one, and makes a database
// for each service that keeps something.
func (s *Services) startDatabases(ctx context.Context, o Options) error {
	provision, result := provisioner(s.provisionThere), "databases made on the server of DATABASE_URL"
	done := o.Step("starting PostgreSQL")
	if s.admin = o.Getenv("DATABASE_URL"); s.admin == "" {
		if err := s.startServer(ctx, o, forServices); err != nil {
			return err
		}
		if err := s.keepServer(); err != nil {
			return err
		}
		s.admin = s.database.URL("postgres")
		provision = s.database.Provision
		result = "PostgreSQL " + s.database.Version() + " runs, with a database for each service"
	}
	if err := s.provision(ctx, provision); err != nil {
		return err
	}
	done(result)
	return nil
}

type provisioner func(ctx context.Context, name, password string) (url string, err error)

func (s *Services) provisionThere(ctx context.Context, name, password string) (string, error) {
	return postgres.Provision(ctx, s.admin, prefix+name, password)
}

func (s *Services) provision(ctx context.Context, provision provisioner) error {
	var names []string
	for _, v := range services {
		if v.database {
			names = append(names, v.name)
		}
	}
	found := make([]string, len(names))
	g, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		g.Go(func() (err error) {
			found[i], err = provision(ctx, name, s.Secrets.Passwords[name])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, name := range names {
		s.databases[name] = found[i]
	}
	return nil
}

// keepServer has the supervisor keep PostgreSQL up, which runs already.
func (s *Services) keepServer() error {
	j, err := openJournal(s.Data, database, s.say)
	if err != nil {
		return err
	}
	first := true
	s.supervisor.add(part{
		name: database,
		start: func(ctx context.Context) (*child.Process, error) {
			if first {
				first = false
				return s.database.Process(), nil
			}
			if err := s.database.Restart(ctx); err != nil {
				return nil, err
			}
			return s.database.Process(), nil
		},
		ready: func(context.Context) bool { return true }, // start waits for that
	}, j)
	return nil
}

// AdminURL is where the administrator finds a service's database.
func (s *Services) AdminURL(service string) string {
	u, err := url.Parse(s.admin)
	if err != nil {
		return s.admin // it was good enough to make the databases
	}
	u.Path = "/" + service
	if s.database == nil {
		u.Path = "/" + prefix + service
	}
	return u.String()
}
