package instance

import (
	"strings"
	"testing"
	"time"
)

// The lines as AWS writes them.
func TestLinesOfAnInvocation(t *testing.T) {
	const id = "8f0a0c9c-41a7-4d43-8f20-3d5e2c0a4e5b"
	begin := time.Now()
	init := Init{Begun: begin, Ready: begin.Add(166_760 * time.Microsecond)}
	suppressed := init
	suppressed.Suppressed = true
	took := 2720 * time.Microsecond
	const report = "END RequestId: " + id + "\nREPORT RequestId: " + id + "\tDuration: 2.72 ms\tBilled Duration: "
	for name, c := range map[string]struct {
		o       Outcome
		message string
		want    string
	}{
		"warm":       {Outcome{Billed: 3 * time.Millisecond}, "", report + "3 ms\tMemory Size: 128 MB\tMax Memory Used: 21 MB\t\n"},
		"cold":       {Outcome{Billed: 170 * time.Millisecond, Cold: true, Init: init}, "", report + "170 ms\tMemory Size: 128 MB\tMax Memory Used: 21 MB\tInit Duration: 166.76 ms\t\n"},
		"suppressed": {Outcome{Billed: 3 * time.Millisecond, Cold: true, Init: suppressed}, "", report + "3 ms\tMemory Size: 128 MB\tMax Memory Used: 21 MB\t\n"},
		"an error of the function's": {Outcome{Billed: 3 * time.Millisecond, Failed: true, ErrorType: "Sandbox.Timedout"}, "",
			report + "3 ms\tMemory Size: 128 MB\tMax Memory Used: 21 MB\t\n"},
		"crash": {Outcome{Billed: 3 * time.Millisecond, Failed: true, ErrorType: exitError, platform: true}, "Runtime exited with error: exit status 1",
			"RequestId: " + id + " Error: Runtime exited with error: exit status 1\n" + report + "3 ms\tMemory Size: 128 MB\tMax Memory Used: 21 MB\tStatus: error\tError Type: Runtime.ExitError\t\n"},
		"timeout": {Outcome{Billed: 3 * time.Millisecond, Failed: true, ErrorType: timeoutError, platform: true}, "",
			report + "3 ms\tMemory Size: 128 MB\tMax Memory Used: 21 MB\tStatus: timeout\t\n"},
	} {
		c.o.Duration, c.o.MaxMemory = took, 21
		if got := string(appendReport(nil, 128, id, c.message, &c.o)); got != c.want {
			t.Errorf("%s:\n%q\nwant\n%q", name, got, c.want)
		}
	}
	if got, want := string(appendStart(nil, id, "$LATEST")), "START RequestId: "+id+" Version: $LATEST\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheEndOfALog(t *testing.T) {
	for name, pieces := range map[string][]string{
		"short":      {"a", "b"},
		"exact":      {strings.Repeat("a", maxTail)},
		"one more":   {strings.Repeat("a", maxTail), "b"},
		"many":       {strings.Repeat("a", maxTail-1), "bc", strings.Repeat("d", 100), "e"},
		"much":       {"a", strings.Repeat("bc", maxTail)},
		"much, more": {strings.Repeat("bc", maxTail), "d", strings.Repeat("e", maxTail-2)},
	} {
		var k tail
		for _, p := range pieces {
			k.write([]byte(p))
		}
		all := strings.Join(pieces, "")
		if want := all[max(0, len(all)-maxTail):]; string(k.kept) != want {
			t.Errorf("%s: kept %d bytes, want the last %d of %d", name, len(k.kept), len(want), len(all))
		}
	}
}

func TestWhatIsBilled(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, 2720 * time.Microsecond: 3} {
		if got := wholeMs(d); got != want*time.Millisecond {
			t.Errorf("of %s are billed %s, want %d ms", d, got, want)
		}
	}
}
