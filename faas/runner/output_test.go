package runner_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"triptych/faas/runner"
	"triptych/internal/waittest"
)

func TestWhatFunctionsPrint(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	first := l.answers(name, event("print", "a line\nand one without an end"), "null")
	l.logs(first, start+"a line\nand one without an end\n"+end+cold+"\n")
	l.logs(l.answers(name, event("print", "\n"), "null"), start+"\n"+end+"\n")
	l.logs(l.answers(name, event("print-bytes"), "null"), start+"\x00\x01\xff\xfe\n"+end+"\n")

	const much = 1 << 20
	r := l.answers(name, event("print-much", much), "null")
	if n := len(r.LogTail); n != 4<<10 || !strings.HasSuffix(log(r), "xxx\n"+end+"\n") {
		t.Errorf("the log's end has %d bytes and ends with %q", n, log(r)[max(0, len(log(r))-300):])
	}
	printed := 0
	for line, err := range l.Journal.Lines(t.Context(), name, all) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line.Text, "x") {
			printed += len(line.Text)
		}
	}
	if printed != much {
		t.Errorf("%d bytes of %d are in the log", printed, much)
	}
}

func TestWhatIsPrintedAfterTheAnswer(t *testing.T) {
	l := newLab(t)
	name := l.function("events")
	l.answers(name, event("print-later", 20, "late"), "null")
	waittest.Until(t, "the line is in the log", func() bool {
		for line := range l.Journal.Lines(t.Context(), name, all) {
			if line.Text == "late" {
				return true
			}
		}
		return false
	})
	l.journal(name, "begin\n"+start+end+cold+"\nlate\n")
}

// A process that prints without a pause holds up nobody.
func TestAProcessThatPrintsWithoutAPause(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	l.answers(name, event("print-always"), "null")
	for range 5 { // by another process when this one has not asked yet
		r := l.invoke(name, event("count"))
		if r.Failed {
			t.Errorf("it answered %s", r.Payload)
		}
		if n := len(r.LogTail); n > 4<<10 {
			t.Errorf("the log's end has %d bytes", n)
		}
	}
}

// What a function left running goes on after its answer, unless it is frozen:
// then it goes on with the next event.
func TestWorkAfterTheAnswer(t *testing.T) {
	const pause, some = 1500 * time.Millisecond, 200 // of the ticks, one a millisecond at most
	for _, freeze := range []bool{false, true} {
		t.Run("freeze "+strconv.FormatBool(freeze), func(t *testing.T) {
			l := newLab(t, func(o *runner.Options) { o.Freeze = freeze })
			name := l.function("events", alone)
			ticks := func() int {
				n, err := strconv.Atoi(string(l.invoke(name, event("tick")).Payload))
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			before := ticks()
			time.Sleep(pause)
			n := ticks() - before
			if frozen := n < some; frozen != freeze {
				t.Errorf("it went on for %d ms of %s", n, pause)
			}
			if r := l.invoke(name, event("sleep", 1500)); r.Failed { // and is not frozen while it works
				t.Errorf("it failed: %s", r.Payload)
			}
			if n := ticks() - before; n < some {
				t.Errorf("it went on for %d ms of an event of 1500 ms", n)
			}
		})
	}
}

func TestAFrozenProcessIsStopped(t *testing.T) {
	l := newLab(t, func(o *runner.Options) { o.Freeze = true })
	name := l.script(`#!/bin/sh
sleep 1000 &
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while :; do
	id=$(curl -s -o /dev/null -w '%header{lambda-runtime-aws-request-id}' $api/next)
	curl -s -o /dev/null -d "$$ $!" $api/$id/response
done
`)
	for range 3 {
		r := l.invoke(name, `{}`)
		for pid := range strings.FieldsSeq(string(r.Payload)) {
			waittest.Until(t, "process "+pid+" is stopped", func() bool { return state(pid) == "T" })
		}
	}
	polite := l.function("sigterm", alone)
	l.answers(polite, event("count"), "1")
	pid := string(l.answers(polite, event("pid"), string(l.invoke(polite, event("pid")).Payload)).Payload)
	waittest.Until(t, "it is stopped", func() bool { return state(pid) == "T" })
	l.change(polite) // it is asked to end, and must run for that
	waittest.Until(t, "it has ended", func() bool { return state(pid) == "" })
	waittest.Until(t, "it was asked", func() bool {
		for line := range l.Journal.Lines(t.Context(), polite, all) {
			if line.Text == "asked to end" {
				return true
			}
		}
		return false
	})
}
