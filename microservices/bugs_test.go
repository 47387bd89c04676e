package microservices_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"triptych/lab/launch"
	rpcv1 "triptych/proto/rpc/v1"
)

// A bug is a mistake put into a service's source, and a mishap that shows it.
type bug struct {
	service  string
	file     string
	old, new string
	mishap
	want string // what is said of it, at least
}

// bugs are mistakes that services like these have been seen with.
var bugs = map[string]bug{
	"an event is acknowledged before it is applied": {
		service: "reports", file: "internal/kafka/stream.go",
		old:    "if s.handle(ctx, m) {\n\t\t\t\ts.done(m)\n\t\t\t}",
		new:    "s.done(m)\n\t\t\ts.commit(ctx)\n\t\t\ts.handle(ctx, m)",
		mishap: mishap{"reports.apply", rpcv1.Fault_FAULT_EXIT_BEFORE, confirmed},
		want:   "the reports do not know",
	},
	"an event is taken out of the outbox before it is sent": {
		service: "orders", file: "internal/outbox/relay.go",
		old:    "err = faults.Point(",
		new:    "_, _ = r.db.Exec(ctx, `DELETE FROM outbox WHERE id = ANY($1)`, ids)\n\terr = faults.Point(",
		mishap: mishap{"outbox.sent", rpcv1.Fault_FAULT_EXIT_BEFORE, confirmed},
		want:   "events of",
	},
	"stock does not remember what it has reserved": {
		service: "stock", file: "microservices/stock/reserve.go",
		old:    "if !first {\n\t\treturn again(ctx, tx, id)\n\t}",
		new:    "_, _ = first, again",
		mishap: mishap{"stock.reserve", rpcv1.Fault_FAULT_ERROR, confirmed},
		want:   "its saga reserving",
	},
	"the card is not released when stock is short": {
		service: "orders", file: "microservices/orders/saga/saga.go",
		old:    "{From: Reserving, Heard: Short, To: Voiding},",
		new:    "{From: Reserving, Heard: Short, To: Rejected, Order: order.Rejected},",
		mishap: mishap{"stock.reserve", rpcv1.Fault_FAULT_DUPLICATE, short},
		want:   "S7:",
	},
	"stock is not given back when an order is cancelled": {
		service: "orders", file: "microservices/orders/saga/saga.go",
		old:    "{From: Refunding, Heard: Refunded, To: Returning},",
		new:    "{From: Refunding, Heard: Refunded, To: Cancelled, Order: order.Cancelled},",
		mishap: mishap{"payments.refund", rpcv1.Fault_FAULT_DUPLICATE, cancelled},
		want:   "S5:",
	},
	"what is unknown is taken for failed": {
		service: "orders", file: "microservices/orders/ask.go",
		old:    "if !said.GetCaptured() {\n\t\t\ta = answer{saga.Lapsed, declined(said.GetDetail())}\n\t\t}\n\t\treturn err",
		new:    "if !said.GetCaptured() {\n\t\t\ta = answer{saga.Lapsed, declined(said.GetDetail())}\n\t\t}\n\t\t_ = err\n\t\treturn nil",
		mishap: mishap{"payments.capture", rpcv1.Fault_FAULT_STALL, story{"tok_visa", 1, "", "rejected"}},
		want:   "S7:",
	},
}

// A test that cannot fail proves nothing: each bug, built into a service, must be
// seen by the crash point that is there for it.
func TestCrashPointsFindBugs(t *testing.T) {
	var together sync.WaitGroup
	defer together.Wait()
	turn := make(chan struct{}, 3)
	for name, b := range bugs {
		together.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				program := b.build(t)
				s := startFaulty(t, func(o *launch.Options) { o.Programs = map[string]string{b.service: program} })
				wrong, err := s.outcome(t.Context(), b.mishap)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(strings.Join(wrong, "\n"), b.want) {
					t.Errorf("found %q, want %q", wrong, b.want)
				}
			})
		})
	}
}

// build builds the service with the bug in it, beside the source, which stays as it
// is.
func (b bug) build(t *testing.T) (program string) {
	t.Helper()
	root, err := launch.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, b.file)
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(source), b.old) != 1 {
		t.Fatalf("%s has changed: it does not hold %q once", b.file, b.old)
	}
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{changed: strings.Replace(string(source), b.old, b.new, 1), overlay: string(replace)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program = filepath.Join(dir, b.service)
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", program, "./microservices/"+b.service)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}
