package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"triptych/lab/bench/measure"
	"triptych/lab/launch"
)

// Parts of a rig that are told apart from the shop's own processes.
const (
	database = "postgres"
	broker   = "broker"
	monolith = "monolith"
)

// A rig is a shop that is up, with what it uses of the machine.
type rig struct {
	measure.Shop
	name  string
	parts []measure.Part
	stop  func()

	secrets launch.Secrets
}

// prefer has the answer to an order be that it is final. The monolith's always is.
const prefer = "Prefer: wait=10\r\n"

func (b *bench) options(name string) launch.Options {
	return launch.Options{
		Root: b.root, Data: filepath.Join(b.data, name), Addr: "127.0.0.1:0", Fresh: true,
		Getenv: func(string) string { return "" }, // a database, a broker, a manager and a receiver of our own
		Step:   func(string) func(string) { return func(string) {} },
	}
}

// services starts the microservices.
func (b *bench) services(ctx context.Context, name string, change func(*launch.Options)) (rig, *launch.Services, error) {
	o := b.options(name)
	if change != nil {
		change(&o)
	}
	s, err := launch.Microservices(ctx, o)
	if err != nil {
		return rig{}, nil, err
	}
	return b.rigOf(name, s.Shop, s.Stop, partsOf(s)), s, nil
}

func partsOf(s *launch.Services) (parts []measure.Part) {
	for _, p := range s.Processes() {
		parts = append(parts, measure.Part{Name: p.Name, Pid: p.Pid, Family: p.Name == database})
	}
	return parts
}

// monolith starts the monolith.
func (b *bench) monolith(ctx context.Context) (rig, error) {
	s, err := launch.Monolith(ctx, b.options(monolith))
	if err != nil {
		return rig{}, err
	}
	return b.rigOf(monolith, s.Shop, s.Stop, []measure.Part{
		{Name: monolith, Pid: s.Pid()}, {Name: database, Pid: s.Database().Process().Pid(), Family: true},
	}), nil
}

func (b *bench) rigOf(name string, s launch.Shop, stop func(), parts []measure.Part) rig {
	return rig{
		Shop: measure.Shop{Addr: strings.TrimPrefix(s.URL, "http://"), Products: b.products, Head: prefer},
		name: name, parts: parts, stop: stop, secrets: s.Secrets,
	}
}

// rival starts what the microservices are held against.
func (b *bench) rival(ctx context.Context) (r rig, err error) {
	if b.against == monolith {
		return b.monolith(ctx)
	}
	r, _, err = b.services(ctx, "rival", func(o *launch.Options) {
		if strings.Contains(b.against, "=") {
			o.Env = []string{b.against}
			return
		}
		o.Programs = map[string]string{}
		for _, name := range serviceNames {
			if path := filepath.Join(b.against, name); isFile(path) {
				o.Programs[name] = path
			}
		}
	})
	r.name = b.against
	return r, err
}

// warm fills the shop and has it bought at for a while.
func (b *bench) warm(ctx context.Context, r *rig, rate int) error {
	if err := r.Fill(ctx, r.secrets.ManagerEmail, r.secrets.ManagerPassword); err != nil {
		return err
	}
	_, err := r.orders(ctx, rate, b.warmUp)
	return err
}

// serviceNames are those of the nine.
var serviceNames = []string{"accounts", "catalogue", "gateway", "orders", "payments", "payroll", "pictures", "reports", "stock"}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// own are the parts that are the shop's, by name.
func (r rig) own() (parts []measure.Part) {
	for _, p := range r.parts {
		if p.Name != database && p.Name != broker {
			parts = append(parts, p)
		}
	}
	return parts
}

// still fails when a process is not the one any more that it was.
func still(before, now []measure.Part) error {
	if !slices.Equal(before, now) {
		return fmt.Errorf("processes have ended meanwhile: they were %v, and are %v", before, now)
	}
	return nil
}
