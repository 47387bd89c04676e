package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/internal/child"
)

// A new version takes over bit by bit, and whoever interrupts it can go on or
// go back.
func TestANewVersionTakesOverBitByBit(t *testing.T) {
	passing(t, "tg")
	path := filepath.Join(t.TempDir(), "template.yaml")
	write := func(folder string) {
		t.Helper()
		text := fmt.Sprintf(`Transform: AWS::Serverless-2016-10-31
Resources:
  Tg:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: tg
      CodeUri: %s
      Handler: bootstrap
      Runtime: provided.al2023
      AutoPublishAlias: live
      DeploymentPreference: {Type: Linear10PercentEvery2Minutes}
`, folder)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says := func(want string, args ...string) {
		t.Helper()
		got := untimed(must(t, append(strings.Fields("deploy -t "+path), args...)...))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("deploy %v (-want +got):\n%s", args, diff)
		}
	}
	hint := "the aliases stay as they are now: the same command goes on, and faas deploy -t " + path + " --back goes back\n"
	const first = "tg: live is version 2 for 10 %, version 1 for 90 %; more in 2 minutes\n"

	write(shell(t, "1"))
	says("tg: there is no live yet\n", "--back")
	says("tg: created\n")
	says("tg: live is version 1, and nothing is taking over from it\n", "--back")

	write(shell(t, "2"))
	for _, before := range []string{"tg: updated: code, version 2\n", "tg: unchanged\n"} {
		s := interrupted(t, "tg: live is version 2 for 10 %", "deploy", "-t", path)
		if diff := cmp.Diff(before+first, untimed(s.out)); diff != "" {
			t.Errorf("interrupted (-want +got):\n%s", diff)
		}
		if s.err != hint || !errors.Is(s.failure, context.Canceled) {
			t.Errorf("said %q, %v", s.err, s.failure)
		}
	}
	says("tg: live is version 1 again\n", "--back")
	if got := must(t, "invoke", "tg", "--qualifier", "live"); got != "1\n" {
		t.Errorf("after going back the alias answers %q", got)
	}
	says("tg: updated: live is version 2\n", "--all-at-once")
	if got := must(t, "invoke", "tg", "--qualifier", "live"); got != "2\n" {
		t.Errorf("all at once the alias answers %q", got)
	}
}

// interrupted is faas interrupted once it has printed a line that begins so.
func interrupted(t *testing.T, line string, args ...string) said {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out strings.Builder
	lines := child.NewLines(func(l string) {
		fmt.Fprintln(&out, l)
		if strings.HasPrefix(l, line) {
			stop()
		}
	})
	var errs bytes.Buffer
	err := run(ctx, append(args, "--endpoint", endpoint), terminal{nothing, strings.NewReader(""), lines, &errs})
	return said{out.String(), errs.String(), err}
}
