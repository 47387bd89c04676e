package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"triptych/faas/build"
	"triptych/internal/child"
	"triptych/lab/launch"
)

// A bench is a run.
type bench struct {
	settings
	root    string // of the checkout
	dir     string // for all that is made; removed at the end
	program string // the runner
	hello   build.Zip
	caller  build.Zip
	version string // of the checkout
	out     io.Writer
	results
}

// A trial measures something.
type trial struct {
	name string
	run  func(*bench, context.Context) error
}

// trials are all, in the order in which they are run.
var trials = []trial{
	{"cold", (*bench).cold},
	{"load", (*bench).load},
	{"warm", (*bench).warm},
	{"nested", (*bench).nested},
	{"starts", (*bench).starts},
	{"throughput", (*bench).throughput},
	{"idle", (*bench).idleness},
	{"memory", (*bench).memory},
	{"zero", (*bench).zero},
	{"freeze", (*bench).freeze},
	{"container", (*bench).container},
	{profiles, (*bench).profile},
}

// profiles is the trial that is run only when it is asked for.
const profiles = "profile"

func names() (all []string) {
	for _, t := range trials {
		all = append(all, t.name)
	}
	return all
}

func run(ctx context.Context, s settings, out io.Writer) (err error) {
	b := &bench{settings: s, out: out}
	if b.dir, err = os.MkdirTemp("", "bench-faas-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if err := child.RemoveAtEnd(b.dir); err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o711); err != nil { // functions run as other users
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	b.say("%s\nisolation %s, checkout %s\n\n", machine(), s.isolation, b.version)
	for _, t := range trials {
		if !slices.Contains(s.chosen(), t.name) {
			continue
		}
		b.say("measuring: %s\n", t.name)
		if err := t.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	b.print(out)
	b.say("\nThat no queued event is lost over kill -9, and that no limit is passed in a burst, is for tests: faas/async, faas/pool.\n")
	if s.out == "" {
		return nil
	}
	return b.write(s.out, b.settings, b.version)
}

// build makes the runner and the functions.
func (b *bench) build(ctx context.Context) (err error) {
	if b.root, err = launch.FindRoot(); err != nil {
		return err
	}
	root := b.root
	b.version = "unknown"
	if v, err := command(ctx, root, "git", "describe", "--always", "--dirty"); err == nil {
		b.version = strings.TrimSpace(v)
	}
	if b.program = b.settings.program; b.program == "" {
		b.program = filepath.Join(b.dir, "faas")
		// As the services are built: without the C library and gRPC's page of traces.
		if _, err := command(ctx, root, "env", "CGO_ENABLED=0", "go", "build", "-tags", "grpcnotrace", "-o", b.program, "./cmd/faas"); err != nil {
			return err
		}
	}
	for folder, zip := range map[string]*build.Zip{"faas/examples/hello": &b.hello, "lab/bench/faas/caller": &b.caller} {
		if *zip, err = build.Package(ctx, filepath.Join(root, folder), build.Options{}); err != nil {
			return err
		}
	}
	return unzip(b.hello.Bytes, b.helloProgram())
}

// helloProgram is the program of hello, for those who run it without the runner.
func (b *bench) helloProgram() string { return filepath.Join(b.dir, "hello", "bootstrap") }

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, format, args...) }
