package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"triptych/faas/build"
	"triptych/faas/sam"
)

// cache is where built programs are kept, so that only what changed is built.
const cache = ".triptych/faas-build"

// A template is the flags that name one.
type template struct {
	path       string
	parameters pairs
	stack      string
	prune      bool
	allAtOnce  bool
	back       bool
}

func (m *template) flags(flags *flag.FlagSet) {
	m.parameters = pairs{}
	flags.StringVar(&m.path, "t", "", "")
	flags.StringVar(&m.path, "template", "", "")
	flags.Var(m.parameters, "parameter", "")
	flags.StringVar(&m.stack, "stack", "", "")
	flags.BoolVar(&m.prune, "prune", false, "")
	flags.BoolVar(&m.allAtOnce, "all-at-once", false, "")
	flags.BoolVar(&m.back, "back", false, "")
}

// arguments checks what stands beside the flags: NAME FOLDER without a
// template, and nothing with one.
func (m *template) arguments(flags *flag.FlagSet, args []string, command string) ([]string, error) {
	rest, err := parse(flags, args, 0, 2, command+" NAME FOLDER")
	switch {
	case err != nil:
		return nil, err
	case m.path == "" && len(rest) != 2:
		return nil, usageError{fmt.Errorf("usage: faas %s NAME FOLDER, or faas %s -t TEMPLATE", command, command)}
	case m.path != "" && len(rest) > 0:
		return nil, usageError{fmt.Errorf("%s: the names and folders stand in the template: leave %s out", command, rest[0])}
	case m.path == "" && (len(m.parameters) > 0 || m.stack != "" || m.prune || m.allAtOnce || m.back):
		return nil, usageError{fmt.Errorf("%s: --parameter, --stack, --prune, --all-at-once and --back are for templates: name one with -t", command)}
	case m.back && (m.allAtOnce || m.prune):
		return nil, usageError{fmt.Errorf("%s: --back deploys nothing: leave --all-at-once and --prune out", command)}
	}
	return rest, nil
}

// slowly is after how long a compilation is told of. When nothing has changed
// it takes a fraction of that.
const slowly = time.Second

// compiling prints a line for functions that take longer to compile.
func compiling(t terminal, names ...string) {
	fmt.Fprintf(t.err, "%s: compiling\n", strings.Join(names, ", "))
}

// pack builds one function.
func pack(ctx context.Context, t terminal, name, folder, arch string) (build.Zip, error) {
	return build.Package(ctx, folder, build.Options{
		Architecture: arch, Cache: cache, Patience: slowly,
		Slow: func(string) { compiling(t, name) },
	})
}

// load reads the template and builds its functions, side by side.
func (m *template) load(ctx context.Context, out terminal, arch string) (*sam.Template, []build.Zip, error) {
	t, err := sam.Load(m.path, m.parameters)
	if err != nil {
		return nil, nil, err
	}
	if len(t.Functions) == 0 {
		return nil, nil, fmt.Errorf("%s has no functions", m.path)
	}
	sources := make([]build.Source, len(t.Functions))
	names := map[string][]string{} // by path: functions may share their code
	for i, f := range t.Functions {
		sources[i] = build.Source{Path: f.CodeURI, Architecture: f.Architecture}
		if f.Architecture == "" {
			sources[i].Architecture = arch
		}
		names[f.CodeURI] = append(names[f.CodeURI], f.Name)
	}
	zips, err := build.All(ctx, sources, build.Options{
		Cache: cache, Patience: slowly,
		Slow: func(path string) { compiling(out, names[path]...) },
	})
	return t, zips, err
}

// buildCode builds functions into zip files, and deploys nothing.
func buildCode(ctx context.Context, args []string, t terminal) error {
	var from template
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	from.flags(flags)
	output := flags.String("output", ".", "")
	arch := flags.String("arch", "", "")
	rest, err := from.arguments(flags, args, "build")
	if err != nil {
		return err
	}
	if *arch != "" && *arch != "x86_64" && *arch != "arm64" {
		return usageError{fmt.Errorf("build: --arch is %q: it must be x86_64 or arm64", *arch)}
	}
	if from.stack != "" || from.prune || from.allAtOnce || from.back {
		return usageError{errors.New("build: --stack, --prune, --all-at-once and --back are for faas deploy")}
	}
	if len(rest) == 2 {
		zip, err := pack(ctx, t, rest[0], rest[1], *arch)
		if err != nil {
			return err
		}
		return writeZip(t, *output, rest[0], zip)
	}
	m, zips, err := from.load(ctx, t, *arch)
	if err != nil {
		return err
	}
	for i, f := range m.Functions {
		if err := writeZip(t, *output, f.Name, zips[i]); err != nil {
			return err
		}
	}
	return nil
}

func writeZip(t terminal, dir, name string, zip build.Zip) error {
	if filepath.Base(name) != name {
		return usageError{fmt.Errorf("build: the name %q is no file's: --output says where it is put", name)}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, name+".zip")
	if err := os.WriteFile(path, zip.Bytes, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s  %s  sha256 %s%s\n", path, size(int64(len(zip.Bytes))), zip.Digest, kept(zip))
	return nil
}

func kept(zip build.Zip) string {
	if zip.Kept {
		return ", built before"
	}
	return ""
}
