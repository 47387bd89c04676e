package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"triptych/lab/launch"
)

// A step that fails must not write over the sentence that says why.
func TestAnAbandonedStepLeavesAnEmptyLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written bytes.Buffer
		s := &screen{w: &written, width: 80, live: true}
		s.step("starting PostgreSQL")
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		if !strings.HasSuffix(written.String(), "… starting PostgreSQL 3 s") {
			t.Errorf("under way: %q", written.String())
		}
		s.abandon()
		s.print("triptych: the disk is full\n")
		time.Sleep(time.Minute)
		if !strings.HasSuffix(written.String(), "\r\x1b[Ktriptych: the disk is full\n") {
			t.Errorf("after it failed: %q", written.String())
		}
	})
}

func TestAFinishedStepIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written bytes.Buffer
		s := &screen{w: &written, width: 80, live: true}
		done := s.step("building")
		done("built")
		s.abandon()
		if n := strings.Count(written.String(), "✓ built\n"); n != 1 || !strings.HasSuffix(written.String(), "✓ built\n") {
			t.Errorf("said %d times: %q", n, written.String())
		}
	})
}

// What a process says while a step is under way must not end up on its line.
func TestWhatIsSaidMeanwhileStandsAboveTheStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written bytes.Buffer
		s := &screen{w: &written, width: 40, live: true}
		done := s.step("starting")
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		written.Reset()
		s.say(launch.Line{Process: "orders", Level: slog.LevelWarn, Text: "something that does not fit into the width"})
		want := anew + "  ! orders     something that does not…\n  … starting"
		if written.String() != want {
			t.Errorf("got %q, want %q", written.String(), want)
		}
		done("started")
	})
}
