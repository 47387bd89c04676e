package launch

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"triptych/internal/authority"
	"triptych/internal/rpc"
)

// operator is the name of whoever looks after the shop: this program, and tests.
const operator = "operator"

// lookEvery is how often it is seen to that no certificate comes to its end. They
// are due after half a day, and a machine may have slept.
const lookEvery = time.Minute

func certificateOf(data, name string) string { return filepath.Join(data, "certificates", name) }

func (s *Services) certificate(name string) string { return certificateOf(s.Data, name) }

// Operator is who may look after the shop that runs on a data folder.
func Operator(data string) (*rpc.Identity, error) {
	return rpc.LoadIdentity(certificateOf(data, operator))
}

// issueCertificates gives every service one, and the operator, and renews them
// for as long as the shop is up. Services notice by themselves.
func (s *Services) issueCertificates() error {
	a, err := authority.Open(s.certificate("authority"))
	if err != nil {
		return err
	}
	if err := s.issueDue(a); err != nil {
		return err
	}
	if s.operator, err = Operator(s.Data); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.renew(ctx, a)
	}()
	s.renewed = func() { cancel(); <-done }
	return nil
}

func (s *Services) issueDue(a *authority.Authority) error {
	names := []string{operator}
	for _, v := range services {
		names = append(names, v.name)
	}
	for _, name := range names {
		if dir := s.certificate(name); a.Due(dir) {
			if err := a.Issue(dir, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Services) renew(ctx context.Context, a *authority.Authority) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.issueDue(a); err != nil {
			s.say(Line{"certificates", slog.LevelWarn, err.Error()})
		}
	}
}
