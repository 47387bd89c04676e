package launch

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync/atomic"

	"google.golang.org/grpc"

	"triptych/internal/child"
	"triptych/internal/rpc"
)

// A Services is the shop as microservices when it is up.
type Services struct {
	Shop
	Brokers string // addresses of the Kafka in use

	options    Options
	supervisor *supervisor
	admin      string            // URL of the server's administrator
	databases  map[string]string // URLs, by service
	addrs      map[string]string // of gRPC, by process
	released   []func()          // give the ports back
	brokerPort *net.TCPListener  // which the broker inherits
	operator   *rpc.Identity
	renewed    func() // ends the renewal of certificates
	stopping   atomic.Bool
}

// Microservices starts all services with what they need, each in a process of its
// own, and keeps them up. When it fails, what was started is stopped.
func Microservices(ctx context.Context, o Options) (s *Services, err error) {
	s = &Services{options: o, databases: map[string]string{}, addrs: map[string]string{}}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if err := s.open(ctx, o); err != nil {
		return s, err
	}
	if err := buildServices(ctx, o); err != nil {
		return s, err
	}
	if err := s.prepare(ctx, o); err != nil {
		return s, err
	}
	done := o.Step("starting the microservices")
	if err := s.startServices(); err != nil {
		return s, err
	}
	if err := s.Await(ctx); err != nil {
		return s, err
	}
	done(fmt.Sprintf("%d services ready at %s", len(services), s.URL))
	return s, nil
}

// prepare starts what the services need.
func (s *Services) prepare(ctx context.Context, o Options) (err error) {
	if err := s.clear(o); err != nil {
		return err
	}
	if s.Secrets, err = secrets(o); err != nil {
		return err
	}
	if err := s.Secrets.addPasswords(s.Data); err != nil {
		return err
	}
	if err := s.issueCertificates(); err != nil {
		return err
	}
	if err := s.startReceiver(o); err != nil {
		return err
	}
	if err := s.startBroker(o); err != nil {
		return err
	}
	return s.startDatabases(ctx, o)
}

// startServices starts all of them at once, as one that calls another needs it
// only when it does. Their ports stay theirs when they are started again.
func (s *Services) startServices() error {
	for _, v := range services {
		for _, name := range s.options.instances(v.name) {
			addr, release, err := FreeAddr()
			if err != nil {
				return err
			}
			s.addrs[name], s.released = addr, append(s.released, release)
		}
	}
	s.addrs[gateway] = s.listener.Addr().String()
	for _, v := range services {
		for _, name := range s.options.instances(v.name) {
			if err := s.startService(v, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Services) startService(v service, name string) error {
	j, err := openJournal(s.Data, name, s.say)
	if err != nil {
		return err
	}
	p := part{name: name, addr: s.addrs[name]}
	p.start = func(context.Context) (*child.Process, error) {
		cmd, err := s.command(v, p.addr)
		if err != nil {
			return nil, err
		}
		return j.run(cmd)
	}
	p.ready = func(ctx context.Context) bool { return isHealthy(ctx, s.operator, v.name, p.addr) }
	if v.name == gateway {
		p.ready = s.isReady
	}
	s.supervisor.add(p, j)
	return nil
}

// say passes on what a user should know of. That processes end is no news once
// they are told to.
func (s *Services) say(l Line) {
	if s.options.Say != nil && !s.stopping.Load() {
		s.options.Say(l)
	}
}

// Await returns when every process is ready, or why one is not.
func (s *Services) Await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("it has had %s", readyTimeout))
	defer cancel()
	return s.supervisor.await(ctx)
}

// Processes is how every process is: services, and the broker and PostgreSQL
// unless they are somebody else's.
func (s *Services) Processes() []Process { return s.supervisor.processes() }

// Process is how the process of that name is; the zero value when there is none.
func (s *Services) Process(name string) Process { return s.supervisor.process(name) }

// Pid is the process's id, zero while it is not there.
func (s *Services) Pid(name string) int { return s.Process(name).Pid }

// Addr is where a service serves, gRPC or, the gateway, HTTP.
func (s *Services) Addr(name string) string { return s.Process(name).Addr }

// Kill ends a process at once, as kill -9 does. It is started again: see Await.
func (s *Services) Kill(name string) { s.supervisor.kill(name, false) }

// Hold is Kill for a process that stays away until release is called.
func (s *Services) Hold(name string) (release func()) { return s.supervisor.kill(name, true) }

// Dial returns a connection of the operator's to a service.
func (s *Services) Dial(name string) (*grpc.ClientConn, error) {
	return rpc.Dial(s.operator, name, s.Addr(name))
}

// Stop ends everything, in the order that loses nothing: the gateway first, so
// that nothing new comes in, then the services, which drain, then what they
// depend on.
func (s *Services) Stop() {
	s.stopping.Store(true)
	if s.supervisor != nil {
		s.supervisor.end(func(name string) bool { return name == gateway })
		s.supervisor.end(func(name string) bool { return name != broker && name != database })
		s.supervisor.end(func(name string) bool { return name == broker })
		s.supervisor.end(func(string) bool { return true })
		s.supervisor.close()
	}
	for _, release := range s.released {
		release()
	}
	if s.brokerPort != nil {
		_ = s.brokerPort.Close()
	}
	if s.renewed != nil {
		s.renewed()
	}
	s.close()
}

// Logs is the folder of what the processes say, a file for each.
func (s *Services) Logs() string { return filepath.Dir(journalFile(s.Data, gateway)) }
