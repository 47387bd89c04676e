package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"triptych/lab/bench/measure"
)

// A layer is a part of all programs whose processor time is told apart. What Go's
// own runtime and library do, they do for the layer that has called them.
type layer struct {
	name  string
	match []string // beginnings of functions' names
}

// layers are looked through in this order.
var layers = []layer{
	{encryption, []string{"crypto/"}},
	{"protobuf", []string{"google.golang.org/protobuf/"}},
	{"telemetry", []string{"go.opentelemetry.io/", "github.com/exaring/otelpgx", "triptych/internal/telemetry.", "log/slog."}},
	{"gRPC", []string{"google.golang.org/grpc", "golang.org/x/net/http2"}},
	{"pgx", []string{"github.com/jackc/"}},
	{"Kafka", []string{"github.com/segmentio/"}},
	{"HTTP", []string{"net/http.", "net/http/"}},
	{"profiling", []string{"runtime/pprof."}},
	{"ours", []string{"triptych/", "main."}},
	{collector, []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcStart"}},
	{scheduler, []string{"runtime.mcall", "runtime.park_m", "runtime.schedule", "runtime.mstart", "runtime.sysmon", "runtime.morestack"}},
}

const (
	encryption = "TLS"
	collector  = "collector"
	scheduler  = "scheduler"
	rest       = "the rest"
)

// What cuts across the layers.
const (
	systemCalls = "system calls"
	memory      = "memory"
)

var across = map[string][]string{
	systemCalls: {"internal/runtime/syscall", "syscall.Syscall", "syscall.RawSyscall",
		"runtime.futex", "runtime.epoll", "runtime.netpoll", "runtime.write1", "runtime.usleep"},
	memory: {"runtime.mallocgc", "runtime.newobject", "runtime.makeslice", "runtime.growslice",
		"runtime.gcAssistAlloc", "runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge"},
}

// shares are how much time went where: by layer, which add up, and by what cuts
// across them.
type shares struct{ layers, across map[string]time.Duration }

// parseTraces adds up what go tool pprof -traces writes: blocks such as
//
//	-----------+-------------------------------------------------------
//	      10ms   runtime.futex
//	             runtime.mcall
//
// with a function below those that it called.
func parseTraces(text string) (shares, error) {
	s := shares{map[string]time.Duration{}, map[string]time.Duration{}}
	_, text, ok := strings.Cut(text, "-----------+")
	if !ok {
		return s, nil // nothing was going on
	}
	for block := range strings.SplitSeq(text, "-----------+") {
		_, block, _ = strings.Cut(block, "\n")
		lines := strings.Split(strings.TrimSpace(block), "\n")
		value, first, ok := strings.Cut(strings.TrimSpace(lines[0]), " ")
		if !ok {
			continue // the end
		}
		took, err := time.ParseDuration(value)
		if err != nil {
			return s, fmt.Errorf("not understood: %s", lines[0])
		}
		stack := []string{strings.TrimSpace(first)}
		for _, line := range lines[1:] {
			stack = append(stack, strings.TrimSpace(line))
		}
		s.layers[layerOf(stack)] += took
		for name, some := range across {
			if slices.ContainsFunc(stack, func(f string) bool { return begins(f, some) }) {
				s.across[name] += took
			}
		}
	}
	return s, nil
}

// layerOf is the layer of the innermost function that is of one. A system call is
// never encryption's, though it is below it: whoever writes to the connection
// would make it without, too.
func layerOf(stack []string) string {
	call := begins(stack[0], across[systemCalls])
	for _, f := range stack {
		for _, l := range layers {
			if begins(f, l.match) && !(call && l.name == encryption) {
				return l.name
			}
		}
	}
	return rest
}

func begins(s string, with []string) bool {
	return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(s, w) })
}

// showLayers prints a line for each layer and a column for each service, of so
// many thousand orders.
func (b *bench) showLayers(found map[string]shares, thousands float64) {
	b.say("\nWhere it goes: processor seconds per 1,000 orders, by what the programs are made of\n\n")
	head := []any{""}
	for _, name := range serviceNames {
		head = append(head, name)
	}
	measure.Row(b.out, append(head, "all", "share")...)
	var all time.Duration
	for _, s := range found {
		for _, took := range s.layers {
			all += took
		}
	}
	line := func(name string, of func(shares) time.Duration) {
		cells := []any{name}
		var sum time.Duration
		for _, service := range serviceNames {
			took := of(found[service])
			sum += took
			cells = append(cells, measure.Hundredths(took.Seconds()/thousands))
		}
		if sum > 0 {
			measure.Row(b.out, append(cells, measure.Hundredths(sum.Seconds()/thousands), measure.Whole(100*float64(sum)/float64(all))+" %")...)
		}
	}
	for _, l := range append(layers, layer{name: rest}) {
		line(l.name, func(s shares) time.Duration { return s.layers[l.name] })
	}
	line("all", func(s shares) (sum time.Duration) {
		for _, took := range s.layers {
			sum += took
		}
		return sum
	})
	b.say("\nOf these, whichever layer asked for it\n\n")
	for _, name := range []string{systemCalls, memory} {
		line(name, func(s shares) time.Duration { return s.across[name] })
	}
}
