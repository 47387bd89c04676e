// Package archtest holds the architecture's import rules against the source of
// the whole module. The compiler keeps two programs apart; this keeps apart
// what the compiler would let in.
package archtest

import (
	"path"
	"slices"
	"strings"
)

// A rule says what the files of some folders may not import or call.
type rule struct {
	why    string
	covers func(f source) bool
	breaks func(f source, imported string) bool

	// calls are functions, by import path, that may not even be called.
	calls map[string]func(name string) bool
}

const (
	module = "triptych/"
	fault  = module + "domain/fault"
)

// architectures are the three, none of which may lean on another.
var architectures = []string{"monolith", "microservices", "functions"}

// shop is everything that knows of orders, payrolls or pictures.
var shop = append([]string{"domain", "store", "api", "conformance", "loadtest", "lab", "web", "proto", "cmd/triptych"}, architectures...)

// owned is what of the rest of the module each service builds on: the tables of
// the nouns that it owns, or the HTTP contract.
var owned = map[string][]string{
	"gateway":   {"api"},
	"accounts":  {"store/accounts"},
	"catalogue": {"store/catalogue"},
	"stock":     {"store/stock", "store/reservations"},
	"orders":    {"store/orders", "store/carts", "store/idempotency"},
	"payments":  {"store/payments", "store/authorisations", "store/processor"},
	"payroll":   {"store/payroll", "store/idempotency"},
	"pictures":  {"store/pictures"},
	"reports":   {"store/reports"},
}

// faultSpeakers translate failures between a transport or a database and a
// client, and so know what a fault is, and nothing else of the domain.
var faultSpeakers = []string{"internal/rest", "internal/rpc", "internal/postgres"}

var rules = []rule{
	{
		why:    "domain is pure: no I/O, no context, and of ours only other rules; and so is the saga",
		covers: func(f source) bool { return in(f.dir, "domain", "microservices/orders/saga") && !f.helps() },
		breaks: func(_ source, imported string) bool {
			return impure(imported) || ours(imported) && !imports(imported, "domain")
		},
		calls: map[string]func(string) bool{
			"time": oneOf("Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"),
			"github.com/google/uuid": func(name string) bool {
				return strings.HasPrefix(name, "New") && !oneOf("NewSHA1", "NewMD5", "NewHash")(name)
			},
			"math/rand/v2": noneOf("New", "NewPCG", "NewChaCha8", "Rand", "PCG", "ChaCha8", "Source"), // seeded only
		},
	},
	{
		why:    "store is tables and queries: of ours it knows domain and internal/postgres, of others' pgx and uuid",
		covers: func(f source) bool { return in(f.dir, "store") && !f.helps() },
		breaks: func(_ source, imported string) bool {
			if ours(imported) {
				return !imports(imported, "domain", "internal/postgres")
			}
			return strings.HasPrefix(imported, "net") || strings.HasPrefix(imported, "os") ||
				external(imported) && !strings.HasPrefix(imported, "github.com/jackc/pgx/v5") && imported != "github.com/google/uuid"
		},
	},
	{
		why:    "tables are used by the architectures alone: everybody else goes through HTTP",
		covers: func(f source) bool { return !in(f.dir, append(architectures, "store")...) },
		breaks: func(_ source, imported string) bool { return imports(imported, "store") },
	},
	{
		why:    "internal and the runner have never heard of a shop; proto/rpc says nothing of one",
		covers: func(f source) bool { return in(f.dir, "internal", "faas", "cmd/faas") },
		breaks: func(f source, imported string) bool {
			return imports(imported, shop...) && !imports(imported, "proto/rpc") && !(imported == fault && in(f.dir, faultSpeakers...))
		},
	},
	{
		why:    "the three architectures share rules, tables and contract, and nothing of each other",
		covers: func(source) bool { return true },
		breaks: func(f source, imported string) bool {
			for _, a := range architectures {
				if imports(imported, a) && !in(f.dir, a) {
					return true
				}
			}
			return false
		},
	},
	{
		why:    "a service knows the rules, the tables of its own nouns, and the wire: what others have, it asks them for",
		covers: func(f source) bool { return in(f.dir, "microservices") && !f.test },
		breaks: func(f source, imported string) bool {
			service, _, _ := strings.Cut(strings.TrimPrefix(f.dir, "microservices/"), "/")
			mine := append([]string{"domain", "internal", "proto", "microservices/" + service}, owned[service]...)
			return ours(imported) && !imports(imported, mine...)
		},
	},
	{
		why: "Kafka is spoken in internal/kafka alone, and by the runner's poller, which reads whatever others have written",
		covers: func(f source) bool {
			return !in(f.dir, "internal/kafka", "faas/poller") && !(in(f.dir, "faas", "cmd/faas") && f.test)
		},
		breaks: func(_ source, imported string) bool {
			return strings.HasPrefix(imported, "github.com/segmentio/kafka-go")
		},
	},
	{
		why:    "the runner speaks Lambda's wire itself; the official client is for who calls it: deploy, the command line and tests",
		covers: func(f source) bool { return in(f.dir, "faas") && !in(f.dir, "faas/deploy", "faas/examples") && !f.test },
		breaks: func(_ source, imported string) bool { return strings.HasPrefix(imported, "github.com/aws/") },
	},
	{
		why:    "the vocabulary of the runner is pure, so that everybody may speak it",
		covers: func(f source) bool { return in(f.dir, "faas/function", "faas/trace") && !f.test },
		breaks: func(_ source, imported string) bool {
			return ours(imported) || slices.Contains([]string{"os", "net", "syscall", "log", "os/exec"}, imported)
		},
	},
	{
		why:    "helpers of tests are imported by tests and by each other",
		covers: func(f source) bool { return !f.test && !f.helps() },
		breaks: func(_ source, imported string) bool { return ours(imported) && helper(imported) },
	},
}

// impure lists what reaches outside, of the standard library and of others'.
// What merely parses, such as net/mail and net/url, does not.
func impure(imported string) bool {
	if slices.Contains([]string{"net/mail", "net/url", "net/netip", "io/fs"}, imported) {
		return false
	}
	first, _, _ := strings.Cut(imported, "/")
	return slices.Contains([]string{"net", "os", "database", "syscall", "log", "context", "plugin", "flag"}, first) ||
		slices.Contains([]string{"math/rand", "crypto/rand", "io/ioutil"}, imported) ||
		external(imported) && imported != "github.com/google/uuid" && !strings.HasPrefix(imported, "golang.org/x/image/")
}

// in reports whether dir is one of the folders or inside one.
func in(dir string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return dir == f || strings.HasPrefix(dir, f+"/") })
}

// imports reports whether an import is of a package of ours in one of the
// folders.
func imports(imported string, folders ...string) bool {
	dir, ok := strings.CutPrefix(imported, module)
	return ok && in(dir, folders...)
}

func ours(imported string) bool { return strings.HasPrefix(imported, module) }

func external(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// helper reports whether a package is named as pgtest is. Those under test or
// load are no helpers.
func helper(imported string) bool {
	name := path.Base(imported)
	return strings.HasSuffix(name, "test") && name != "loadtest"
}

func oneOf(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

func noneOf(names ...string) func(string) bool {
	return func(name string) bool { return !slices.Contains(names, name) }
}
