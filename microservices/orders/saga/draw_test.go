package saga

import (
	"cmp"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/saga.md anew")

const page = "../../../docs/saga.md"

//go:embed testdata/saga.md
var around string // with {{drawing}}, {{steps}} and {{moves}} in it

// The page that explains the saga shows the table as it is.
func TestThePageIsUpToDate(t *testing.T) {
	want := strings.NewReplacer("{{drawing}}", drawing(), "{{steps}}", steps(), "{{moves}}", moves()).Replace(around)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/saga.md is stale: run go test ./microservices/orders/saga -update (-want +got):\n%s", diff)
	}
}

// drawing is the table as a Mermaid diagram of states.
func drawing() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stateDiagram-v2\n    [*] --> %s: the order is placed\n", First)
	for _, m := range Moves {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", m.From, m.To, m.Heard)
	}
	for _, s := range Steps {
		if s.Rests() {
			fmt.Fprintf(&b, "    class %s rests\n", s)
		} else if s.Command().Compensation() == "" {
			fmt.Fprintf(&b, "    class %s undoes\n", s)
		}
	}
	b.WriteString("    classDef rests font-weight:bold\n    classDef undoes stroke-dasharray:4\n")
	return b.String()
}

// steps is what is asked at each step, and what undoes it.
func steps() string {
	var b strings.Builder
	b.WriteString("| step | asks | which is undone by |\n| --- | --- | --- |\n")
	for _, s := range Steps {
		if c := s.Command(); c != "" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", s, c, cmp.Or(string(c.Compensation()), "nothing: it undoes"))
		}
	}
	return b.String()
}

// moves is the table as a table.
func moves() string {
	var b strings.Builder
	b.WriteString("| at | hears | goes to | the order becomes |\n| --- | --- | --- | --- |\n")
	for _, m := range Moves {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.From, m.Heard, m.To, m.Order)
	}
	return b.String()
}
