package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"triptych/internal/child"
)

// endpoint is a runner that all tests share; each has functions of its own.
var endpoint string

func TestMain(m *testing.M) { os.Exit(serveTests(m)) }

// serveTests runs a runner beside the tests, as "faas serve" does.
func serveTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "faas-cmd-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(context.Background())
	address := make(chan string, 1)
	lines := child.NewLines(func(line string) {
		if found := regexp.MustCompile(`http://\S+`).FindString(line); found != "" {
			address <- found
		}
	})
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--isolation", "basic"},
			terminal{nothing, strings.NewReader(""), lines, os.Stderr})
	}()
	code := 1
	select {
	case endpoint = <-address:
		code = m.Run()
		stop()
		err = <-ended
	case err = <-ended:
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func nothing(string) string { return "" }

// A said is what a command printed, and how it ended.
type said struct {
	out, err string
	failure  error
}

// faas runs a command of the shared runner.
func faas(t *testing.T, args ...string) said {
	t.Helper()
	return faasWith(t, "", args...)
}

func faasWith(t *testing.T, in string, args ...string) said {
	t.Helper()
	var out, errs bytes.Buffer
	getenv := func(name string) string {
		if name == "AWS_ENDPOINT_URL_LAMBDA" {
			return endpoint
		}
		return ""
	}
	err := run(t.Context(), args, terminal{getenv, strings.NewReader(in), &out, &errs})
	return said{out.String(), errs.String(), err}
}

// must is faas for what has to go well.
func must(t *testing.T, args ...string) string {
	t.Helper()
	s := faas(t, args...)
	if s.failure != nil {
		t.Fatalf("faas %s: %v\n%s%s", strings.Join(args, " "), s.failure, s.out, s.err)
	}
	return s.out
}

// passing has functions removed at the end of a test.
func passing(t *testing.T, names ...string) {
	t.Cleanup(func() {
		for _, name := range names {
			_ = run(context.Background(), []string{"rm", name, "--endpoint", endpoint}, terminal{nothing, nil, io.Discard, io.Discard})
		}
	})
}

// shell makes a folder with a bootstrap that answers every event with a text.
func shell(t *testing.T, answer string) string {
	t.Helper()
	dir := t.TempDir()
	script := `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while :; do
	id="$(curl -sS -o /dev/null -w '%header{lambda-runtime-aws-request-id}' "$api/next")"
	echo "event $id"
	curl -sS -o /dev/null -d '` + answer + `' "$api/$id/response"
done
`
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestHelpSaysWhatThereIs(t *testing.T) {
	for _, args := range [][]string{nil, {"help"}, {"-h"}, {"--help"}, {"invoke", "--help"}, {"serve", "-h"}} {
		s := faas(t, args...)
		if s.failure != nil || s.out != usage {
			t.Errorf("faas %v: %v", args, s.failure)
		}
	}
	for name := range commands {
		if !strings.Contains(usage, "\n  faas "+name+" ") {
			t.Errorf("the usage does not say what %s does", name)
		}
	}
}

func TestWrongCallsAreToldWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	tests := map[string]struct{ args, want string }{
		"no such command":       {"start", `there is no command "start"; faas help lists them`},
		"no such flag":          {"list --all", "list: flag provided but not defined: -all; faas help lists the flags"},
		"too little":            {"invoke", "usage: faas invoke NAME [EVENT]"},
		"too much":              {"list hello", "usage: faas list"},
		"deploy of nothing":     {"deploy hello", "usage: faas deploy NAME FOLDER, or faas deploy -t TEMPLATE"},
		"deploy of both":        {"deploy -t t.yaml hello " + folder, "the names and folders stand in the template: leave hello out"},
		"flags of a template":   {"deploy hello " + folder + " --prune", "--parameter, --stack, --prune, --all-at-once and --back are for templates"},
		"flags of a function":   {"deploy -t t.yaml --memory 256", "--memory is for one function: say it in the template"},
		"a function's name":     {"deploy he!lo " + folder, `the function name "he!lo" is not valid`},
		"little memory":         {"deploy hello " + folder + " --memory 64", "MemorySize is 64 MB: it must be from 128 to 10240"},
		"a long time":           {"deploy hello " + folder + " --timeout 1000", "Timeout is 1000 s: it must be from 1 to 900"},
		"no memory":             {"deploy hello " + folder + " --memory 0", "--memory is 0: it must be from 128 to 10240"},
		"no time":               {"deploy hello " + folder + " --timeout 0", "--timeout is 0: it must be from 1 to 900"},
		"memory with a unit":    {"deploy hello " + folder + " --memory 1GB", `--memory is "1GB": it must be a whole number`},
		"time without a unit":   {"deploy hello " + folder + " --keep-alive 5", `--keep-alive is "5": it must be a duration, such as 30s or 5m`},
		"a variable":            {"deploy hello " + folder + " --env NAME", "it must be NAME=VALUE"},
		"a reserved variable":   {"deploy hello " + folder + " --env AWS_REGION=x", "AWS_REGION is reserved"},
		"ports":                 {"deploy hello " + folder + " --connect http", "it must be TCP ports"},
		"a reservation":         {"deploy hello " + folder + " --reserved some", "it must be a whole number, or none"},
		"broken JSON":           {`invoke hello {"name":}`, `the event is not JSON: invalid character '}' looking for beginning of value, at line 1, column 9: {"name":}`},
		"log of a queued event": {"invoke hello --async --log", "leave out --async or --log"},
		"since when":            {"logs hello --since yesterday", "it must be a duration, such as 10m, or a time"},
		"an endpoint":           {"list --endpoint 9000", `the endpoint is "9000": it must be a URL such as http://127.0.0.1:9000`},
		"of which queue":        {"queues --redrive", "say of which queue"},
		"two things at once":    {"queues q --redrive --delete x", "leave one out"},
		"an architecture":       {"build hello " + folder + " --arch m68k", "it must be x86_64 or arm64"},
		"an isolation":          {"deploy hello " + folder + " --isolation lax", "isolation lax is not one there is: none, basic, standard or strict"},
		"of the runner":         {"serve --isolation lax", "isolation lax is not one there is: none, basic, standard, strict or auto"},
		"no events":             {"serve --concurrency 0", "it must be 1 or more"},
		"open to strangers":     {"serve --addr 0.0.0.0:0 --data " + folder, "others than this machine could run programs on it"},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			s := faas(t, strings.Split(c.args, " ")...)
			if exitCode(s.failure) != 2 || !strings.Contains(s.failure.Error(), c.want) {
				t.Errorf("exit code %d: %v\nwant it to say: %s", exitCode(s.failure), s.failure, c.want)
			}
			if s.out != "" {
				t.Errorf("and it printed %q", s.out)
			}
		})
	}
}

func TestHalfAKeyIsNone(t *testing.T) {
	getenv := func(name string) string { return map[string]string{"RUNNER_ACCESS_KEY": "k"}[name] }
	_, err := serverFlags(nil, terminal{getenv: getenv})
	if exitCode(err) != 2 || !strings.Contains(err.Error(), "belong together") {
		t.Errorf("exit code %d: %v", exitCode(err), err)
	}
}

func TestARunnerThatIsNotThereIsSaid(t *testing.T) {
	for _, args := range [][]string{{"list"}, {"invoke", "f"}, {"logs", "f"}, {"stats"}, {"queues"}, {"rm", "f"}, {"deploy", "f", shell(t, "1")}} {
		s := faas(t, append(args, "--endpoint", "http://127.0.0.1:1")...)
		want := "no runner answers at http://127.0.0.1:1: start one with faas serve, or name another with --endpoint"
		if exitCode(s.failure) != 1 || !strings.HasSuffix(s.failure.Error(), want) || strings.Count(s.failure.Error(), "\n") > 0 {
			t.Errorf("faas %v: %v", args, s.failure)
		}
	}
}

func TestAFunctionThatIsNotThereIsSaid(t *testing.T) {
	for _, args := range [][]string{{"invoke", "nobody"}, {"logs", "nobody"}, {"stats", "nobody"}, {"rm", "nobody"}} {
		s := faas(t, args...)
		if exitCode(s.failure) != 1 || !strings.Contains(s.failure.Error(), "faas list shows") {
			t.Errorf("faas %v: %v", args, s.failure)
		}
	}
}
