package launch

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/lab/otlp"
)

// fake is what command needs, with nothing running.
func fake(t *testing.T) *Services {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	traces, err := otlp.Listen(otlp.RelayTo{})
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	secrets, err := makeSecrets(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := secrets.addPasswords(data); err != nil {
		t.Fatal(err)
	}
	s := &Services{databases: map[string]string{}, addrs: map[string]string{}, Brokers: "127.0.0.1:9"}
	s.listener, s.Traces, s.Secrets, s.Data = l.(*net.TCPListener), traces, secrets, data
	for _, v := range services {
		s.addrs[v.name] = "127.0.0.1:1"
		s.databases[v.name] = "postgres://" + v.name + "@/"
	}
	return s
}

// A service that is broken into must not hold the keys of another.
func TestAServiceGetsNothingThatItDoesNotNeed(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush")
	t.Setenv("DATABASE_URL", "postgres://admin@/")
	t.Setenv("LOG_LEVEL", "debug")
	s := fake(t)
	common := []string{"LOG_LEVEL", "OTEL_EXPORTER_OTLP_ENDPOINT", "TLS_DIR"}
	served := append([]string{"DATABASE_URL", "GRPC_ADDR"}, common...)
	want := map[string][]string{
		"accounts":  append([]string{"MANAGER_EMAIL", "MANAGER_PASSWORD", "TOKEN_SEED"}, served...),
		"catalogue": served,
		"stock":     append([]string{"CATALOGUE_ADDR"}, served...),
		"payments":  served,
		"orders":    append([]string{"KAFKA_BROKERS", "CATALOGUE_ADDR", "STOCK_ADDR", "PAYMENTS_ADDR"}, served...),
		"payroll":   append([]string{"KAFKA_BROKERS"}, served...),
		"pictures":  append([]string{"KAFKA_BROKERS", "CATALOGUE_ADDR"}, served...),
		"reports":   append([]string{"KAFKA_BROKERS"}, served...),
		gateway: append([]string{"HTTP_ADDR", "TOKEN_KEY", "ACCOUNTS_ADDR", "CATALOGUE_ADDR", "STOCK_ADDR", "ORDERS_ADDR",
			"PAYROLL_ADDR", "PICTURES_ADDR", "REPORTS_ADDR"}, common...),
	}
	for _, v := range services {
		cmd, err := s.command(v, "127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, kv := range cmd.Env {
			name, value, _ := strings.Cut(kv, "=")
			if !inherits(name) || name == "LOG_LEVEL" || name == "OTEL_EXPORTER_OTLP_ENDPOINT" {
				got[name] = value
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(want[v.name])), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v.name, diff)
		}
		if url := got["DATABASE_URL"]; url != "" && url != "postgres://"+v.name+"@/" {
			t.Errorf("%s has the database %s", v.name, url)
		}
		if dir := got["TLS_DIR"]; filepath.Base(dir) != v.name {
			t.Errorf("%s has the certificate in %s", v.name, dir)
		}
	}
}

// Whom a service calls is written down twice: there and here.
func TestServicesKnowWhomTheyCall(t *testing.T) {
	root, err := FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	dial := regexp.MustCompile(`\.Dial\("([a-z]+)"\)`)
	for _, v := range services {
		if v.name == gateway {
			continue // it calls all
		}
		files, err := filepath.Glob(filepath.Join(root, "microservices", v.name, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: files %v, error %v", v.name, files, err)
		}
		called := map[string]bool{}
		for _, name := range files {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, m := range dial.FindAllStringSubmatch(string(source), -1) {
				called[m[1]] = true
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(v.calls)), slices.Sorted(maps.Keys(called))); diff != "" {
			t.Errorf("%s calls (-here +there):\n%s", v.name, diff)
		}
	}
}

func TestInstancesHaveNamesOfTheirOwn(t *testing.T) {
	o := Options{Instances: map[string]int{"payroll": 3}}
	if diff := cmp.Diff([]string{"payroll", "payroll-2", "payroll-3"}, o.instances("payroll")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"orders"}, o.instances("orders")); diff != "" {
		t.Error(diff)
	}
}

func TestPasswordsAreKept(t *testing.T) {
	data := t.TempDir()
	t.Setenv("MANAGER_PASSWORD", "from the environment")
	o := Options{Data: data, Getenv: os.Getenv}
	first, err := secrets(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.addPasswords(data); err != nil {
		t.Fatal(err)
	}
	if len(first.Passwords) != 8 || len(first.Passwords["orders"]) < 20 {
		t.Errorf("passwords: %v", first.Passwords)
	}
	second, err := secrets(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.addPasswords(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second time (-first +second):\n%s", diff)
	}
	kept, err := ReadSecrets(data)
	if err != nil || kept.ManagerPassword == "from the environment" {
		t.Errorf("what the environment names is written down: %+v, %v", kept, err)
	}
	info, err := os.Stat(secretsFile(data))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
}
