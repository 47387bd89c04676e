package archtest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestTheModuleKeepsTheRules(t *testing.T) {
	all, err := sources(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d files were found: is this the module's root?", len(all))
	}
	for _, s := range all {
		for _, c := range s.complaints() {
			t.Error(c)
		}
	}
}

// Each planted import must be refused where it is planted, or be let in.
func TestTheRulesCanFail(t *testing.T) {
	for _, c := range []struct {
		file, imported string
		want           string // of the complaint; empty when there is none
	}{
		{"domain/order/order.go", "net/http", "domain is pure"},
		{"domain/order/order.go", "context", "domain is pure"},
		{"domain/order/order.go", "database/sql", "domain is pure"},
		{"domain/order/order.go", "os", "domain is pure"},
		{"domain/order/order.go", "github.com/jackc/pgx/v5", "domain is pure"},
		{"domain/order/order.go", "triptych/internal/postgres", "domain is pure"},
		{"domain/order/order.go", "net/mail", ""},
		{"domain/order/order.go", "io", ""},
		{"domain/order/order.go", "triptych/domain/money", ""},
		{"domain/order/order_test.go", "os", ""},
		{"microservices/orders/saga/saga.go", "context", "so is the saga"},
		{"microservices/orders/saga/saga.go", "triptych/store/orders", "so is the saga"},
		{"microservices/orders/saga/saga.go", "triptych/domain/order", ""},

		{"store/orders/orders.go", "triptych/api", "store is tables"},
		{"store/orders/orders.go", "triptych/store/stock", "store is tables"},
		{"store/orders/orders.go", "triptych/internal/rest", "store is tables"},
		{"store/orders/orders.go", "net/http", "store is tables"},
		{"store/orders/orders.go", "github.com/segmentio/kafka-go", "store is tables"},
		{"faas/runner/records.go", "github.com/segmentio/kafka-go", "Kafka is spoken"},
		{"faas/poller/group.go", "github.com/segmentio/kafka-go", ""},
		{"faas/api/mappings_test.go", "github.com/segmentio/kafka-go", ""},
		{"store/orders/orders.go", "github.com/jackc/pgx/v5/pgconn", ""},
		{"store/orders/orders.go", "triptych/domain/order", ""},

		{"conformance/orders.go", "triptych/store/orders", "through HTTP"},
		{"cmd/triptych/main.go", "triptych/store/orders", "through HTTP"},
		{"monolith/orders.go", "triptych/store/orders", ""},

		{"internal/serve/serve.go", "triptych/domain/order", "never heard of a shop"},
		{"internal/serve/serve.go", "triptych/domain/fault", "never heard of a shop"},
		{"internal/rest/rest.go", "triptych/domain/fault", ""},
		{"internal/rest/rest.go", "triptych/domain/order", "never heard of a shop"},
		{"internal/rest/rest_test.go", "triptych/api", "never heard of a shop"},
		{"internal/service/faults.go", "triptych/proto/rpc/v1", ""},
		{"internal/service/faults.go", "triptych/proto/orders/v1", "never heard of a shop"},
		{"faas/runner.go", "triptych/domain/fault", "never heard of a shop"},
		{"cmd/faas/main.go", "triptych/lab/launch", "never heard of a shop"},

		{"monolith/orders.go", "triptych/microservices/orders", "nothing of each other"},
		{"functions/charge/main.go", "triptych/monolith", "nothing of each other"},
		{"lab/launch/launch.go", "triptych/functions/charge", "nothing of each other"},
		{"microservices/orders/main.go", "triptych/microservices/orders/saga", ""},
		{"microservices/orders/main.go", "triptych/microservices/stock", "what others have, it asks them for"},
		{"microservices/orders/main.go", "triptych/store/stock", "what others have, it asks them for"},
		{"microservices/orders/main.go", "triptych/api", "what others have, it asks them for"},
		{"microservices/orders/part/part.go", "triptych/store/orders", ""},
		{"microservices/gateway/main.go", "triptych/api", ""},
		{"microservices/gateway/main.go", "triptych/store/orders", "what others have, it asks them for"},
		{"microservices/orders/orders_test.go", "triptych/conformance", ""},

		{"microservices/orders/main.go", "github.com/segmentio/kafka-go", "internal/kafka alone"},
		{"internal/kafka/reader.go", "github.com/segmentio/kafka-go", ""},

		{"monolith/orders.go", "triptych/internal/postgres/pgtest", "helpers of tests"},
		{"monolith/orders_test.go", "triptych/internal/postgres/pgtest", ""},
		{"internal/kafka/kafkatest/kafkatest.go", "triptych/internal/postgres/pgtest", ""},
	} {
		got := complain(t, c.file, fmt.Sprintf("package p\nimport _ %q\n", c.imported))
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s with %s: complaint %q, want %q", c.file, c.imported, got, c.want)
		}
	}
}

func TestADomainWithAClockIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"import \"time\"\nvar t = time.Now()":                                       "uses time.Now",
		"import clock \"time\"\nvar t = clock.Now()":                                "uses clock.Now",
		"import \"time\"\nvar now = time.Now":                                       "uses time.Now",
		"import \"github.com/google/uuid\"\nvar id = uuid.Must(uuid.NewV7())":       "uses uuid.NewV7",
		"import \"math/rand/v2\"\nvar n = rand.IntN(6)":                             "uses rand.IntN",
		"import \"math/rand/v2\"\nvar r = rand.New(rand.NewPCG(1, 2))":              "",
		"import \"time\"\nvar t time.Time = time.Date(2026, 1, 1, 0, 0, 0, 0, nil)": "",
	} {
		got := complain(t, "domain/order/order.go", "package p\n"+text+"\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s\ncomplaint %q, want %q", text, got, want)
		}
	}
}

func complain(t *testing.T, name, text string) string {
	t.Helper()
	s, err := parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(s.complaints(), "\n")
}
