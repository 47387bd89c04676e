package launch

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A service says what one of the programs in microservices/ needs to run. What it
// does not need it does not get.
type service struct {
	name     string
	database bool
	kafka    bool
	calls    []string // other services
}

// services are all of them, the gateway last: what it calls is there by then.
var services = []service{
	{name: "accounts", database: true},
	{name: "catalogue", database: true},
	{name: "stock", database: true, calls: []string{"catalogue"}},
	{name: "payments", database: true},
	{name: "orders", database: true, kafka: true, calls: []string{"catalogue", "stock", "payments"}},
	{name: "payroll", database: true, kafka: true},
	{name: "pictures", database: true, kafka: true, calls: []string{"catalogue"}},
	{name: "reports", database: true, kafka: true},
	{name: gateway, calls: []string{"accounts", "catalogue", "stock", "orders", "payroll", "pictures", "reports"}},
}

const gateway = "gateway"

// inherits reports whether a variable of our own environment is for the services
// too: how they log and report, and how Go runs them. Passwords are not.
func inherits(name string) bool {
	return strings.HasPrefix(name, "OTEL_") || slices.Contains([]string{
		"LOG_LEVEL", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR", "TZ", "TMPDIR",
	}, name)
}

func inherited() (env []string) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); inherits(name) {
			env = append(env, kv)
		}
	}
	return env
}

// command is a service's program with its environment, at an address of its own.
func (s *Services) command(v service, addr string) (*exec.Cmd, error) {
	cmd := exec.Command(cmp.Or(s.options.Programs[v.name], filepath.Join(serviceBinaries(s.options.Root), v.name)))
	env := append(s.Traces.Env(inherited()), "TLS_DIR="+s.certificate(v.name))
	if v.name == gateway {
		port, err := s.listener.File()
		if err != nil {
			return nil, err
		}
		cmd.ExtraFiles = []*os.File{port} // the first of them is file 3
		env = append(env, "HTTP_ADDR=fd:3")
	} else {
		env = append(env, "GRPC_ADDR="+addr)
	}
	if v.database {
		env = append(env, "DATABASE_URL="+s.databases[v.name])
	}
	if v.kafka {
		env = append(env, "KAFKA_BROKERS="+s.Brokers)
	}
	for _, other := range v.calls {
		env = append(env, strings.ToUpper(other)+"_ADDR="+s.addrs[other])
	}
	switch v.name {
	case "accounts":
		env = append(env,
			"MANAGER_EMAIL="+s.Secrets.ManagerEmail, "MANAGER_PASSWORD="+s.Secrets.ManagerPassword, "TOKEN_SEED="+s.Secrets.TokenSeed)
	case gateway:
		key, err := s.Secrets.tokenKey()
		if err != nil {
			return nil, err
		}
		env = append(env, "TOKEN_KEY="+key)
	}
	if s.options.Faults {
		env = append(env, "FAULTS=on")
	}
	cmd.Env = slices.Concat(env, s.options.Env, s.options.EnvOf[v.name])
	return cmd, nil
}

// instances names the processes of a service: orders, orders-2, orders-3.
func (o Options) instances(name string) []string {
	names := []string{name}
	for n := 2; n <= o.Instances[name]; n++ {
		names = append(names, fmt.Sprintf("%s-%d", name, n))
	}
	return names
}
