package build_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/build"
	"triptych/faas/function"
)

const (
	script = "#!/bin/sh\necho hello\n"
	goMod  = "module example\n\ngo 1.26\n"
	goMain = "package main\n\n// main greets.\nfunc main() { println(text()) }\n"
	goText = "package main\n\nfunc text() string { return \"hello\" }\n"
)

var goFiles = map[string]string{"go.mod": goMod, "main.go": goMain, "text.go": goText}

// folder makes a folder with files; a name that ends with * is executable.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		mode := fs.FileMode(0o644)
		if n, ok := strings.CutSuffix(name, "*"); ok {
			name, mode = n, 0o755
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func packed(t *testing.T, path string, o build.Options) build.Zip {
	t.Helper()
	z, err := build.Package(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	if z.Digest != function.Sum(z.Bytes) {
		t.Errorf("digest %s is not that of the bytes", z.Digest)
	}
	return z
}

// listing says what is in a zip: each name with its mode and content.
func listing(t *testing.T, z build.Zip) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(z.Bytes), int64(len(z.Bytes)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	names := []string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
		all[f.Name] = f.Mode().String() + " " + string(b)
		if f.Modified.Year() != 1980 {
			t.Errorf("%s is of %s, want the first day of 1980", f.Name, f.Modified)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("names are in the order %q", names)
	}
	return all
}

func TestTheSameSourceInAnotherFolderGivesTheSameDigest(t *testing.T) {
	a, b := folder(t, goFiles), folder(t, goFiles)
	t.Setenv("GOFLAGS", "-race=false")
	first := packed(t, a, build.Options{})
	t.Setenv("GOFLAGS", "-tags=other -ldflags=-s")
	t.Setenv("GOAMD64", "v3")
	if second := packed(t, b, build.Options{}); second.Digest != first.Digest {
		t.Errorf("digests %s and %s", first.Digest, second.Digest)
	}
	if diff := cmp.Diff([]string{"bootstrap"}, slices.Collect(maps.Keys(listing(t, first)))); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestWhatIsBuiltRuns(t *testing.T) {
	z := packed(t, folder(t, goFiles), build.Options{})
	_, program, _ := strings.Cut(listing(t, z)["bootstrap"], " ")
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(path, []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path).CombinedOutput()
	if err != nil || string(out) != "hello\n" {
		t.Errorf("it printed %q, and ended with %v", out, err)
	}
}

func TestWhatIsAChange(t *testing.T) {
	tests := []struct {
		name    string
		file    string
		text    string
		changes bool
	}{
		{"nothing", "main.go", goMain, false},
		{"the words of a comment", "main.go", strings.Replace(goMain, "greets", "says hello", 1), false},
		{"a comment that moves lines", "main.go", strings.Replace(goMain, "// main", "// It\n// main", 1), true},
		{"code in another file", "text.go", strings.Replace(goText, "hello", "bye", 1), true},
		{"a test", "main_test.go", "package main\n", false},
		{"a file that Go does not read", "README.md", "Read me\n", false},
		{"the language version", "go.mod", "module example\n\ngo 1.20\n", true}, // old defaults of GODEBUG
	}
	want := packed(t, folder(t, goFiles), build.Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, goFiles)
			write(t, dir, map[string]string{test.file: test.text})
			if got := packed(t, dir, build.Options{}); (got.Digest != want.Digest) != test.changes {
				t.Errorf("changed: %t, want %t", got.Digest != want.Digest, test.changes)
			}
		})
	}
}

func TestEachArchitectureHasItsProgram(t *testing.T) {
	dir := folder(t, goFiles)
	for arch, machine := range map[string]byte{"x86_64": 62, "arm64": 183} {
		_, program, _ := strings.Cut(listing(t, packed(t, dir, build.Options{Architecture: arch}))["bootstrap"], " ")
		if program[18] != machine {
			t.Errorf("%s: the program's machine is %d, want %d", arch, program[18], machine)
		}
	}
}

func TestAFolderWithABootstrapIsZippedWhole(t *testing.T) {
	files := map[string]string{"bootstrap*": script, "lib/b.sh*": "b", "lib/a.txt": "a", ".hidden": "h", "name with ü": "u", "a_test.go": "package a"}
	dir := folder(t, files)
	for _, make := range []func() error{
		func() error { return os.Mkdir(filepath.Join(dir, "empty"), 0o700) },
		func() error { return os.Symlink("lib/b.sh", filepath.Join(dir, "link")) },
		func() error { return os.Symlink("lib", filepath.Join(dir, "lib64")) },
		func() error { return os.Chmod(filepath.Join(dir, "lib/a.txt"), 0o600) },
		func() error { return os.Chmod(filepath.Join(dir, "lib/b.sh"), 0o711|fs.ModeSetuid) },
	} {
		if err := make(); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{
		"bootstrap":   "-rwxr-xr-x " + script,
		"lib/b.sh":    "-rwxr-xr-x b",
		"lib/a.txt":   "-rw-r--r-- a",
		"lib64/b.sh":  "-rwxr-xr-x b",
		"lib64/a.txt": "-rw-r--r-- a",
		"link":        "-rwxr-xr-x b",
		".hidden":     "-rw-r--r-- h",
		"name with ü": "-rw-r--r-- u",
		"a_test.go":   "-rw-r--r-- package a",
		"empty/":      "drwxr-xr-x ",
	}
	first := packed(t, dir, build.Options{})
	if diff := cmp.Diff(want, listing(t, first)); diff != "" {
		t.Errorf("zip (-want +got):\n%s", diff)
	}
	if again := packed(t, dir, build.Options{Cache: filepath.Join(dir, ".faas", "build")}); again.Digest != first.Digest {
		t.Errorf("digests %s and %s", first.Digest, again.Digest)
	}
}

func TestTheCacheIsNoPartOfAFunction(t *testing.T) {
	dir := folder(t, map[string]string{"bootstrap*": script, "hello/go.mod": goMod, "hello/main.go": goMain, "hello/text.go": goText})
	o := build.Options{Cache: filepath.Join(dir, ".faas", "build")}
	before := packed(t, dir, o)
	packed(t, filepath.Join(dir, "hello"), o)
	if after := packed(t, dir, o); after.Digest != before.Digest {
		t.Errorf("it holds %q", slices.Collect(maps.Keys(listing(t, after))))
	}
}

func TestOnlyWhatChangedIsBuilt(t *testing.T) {
	root := t.TempDir()
	o := filepath.Join(root, ".faas", "build")
	var sources []build.Source
	for _, name := range []string{"a", "b", "c"} {
		write(t, filepath.Join(root, name), map[string]string{"main.go": "package main\n\nimport \"example/shared\"\n\nfunc main() { println(shared.Name, \"" + name + "\") }\n"})
		sources = append(sources, build.Source{Path: filepath.Join(root, name)})
	}
	write(t, root, map[string]string{"go.mod": goMod, "shared/shared.go": "package shared\n\nvar Name = \"x\"\n"})
	sources = append(sources, sources[0]) // two functions of the same code
	kept := func(compare bool) (kept []bool) {
		t.Helper()
		zips, err := build.All(t.Context(), sources, build.Options{Cache: o})
		if err != nil {
			t.Fatal(err)
		}
		for i, z := range zips {
			if kept = append(kept, z.Kept); !compare {
				continue
			}
			if fresh := packed(t, sources[i].Path, build.Options{}); fresh.Digest != z.Digest {
				t.Errorf("%s: digest %s, and without a cache %s", sources[i].Path, z.Digest, fresh.Digest)
			}
		}
		return kept
	}
	steps := []struct {
		name    string
		change  map[string]string
		damage  bool
		want    []bool
		compare bool // with what is built without a cache
	}{
		{name: "at first", want: []bool{false, false, false, false}},
		{name: "nothing changed", want: []bool{true, true, true, true}, compare: true},
		{name: "b changed", change: map[string]string{"b/main.go": goMain, "b/text.go": goText}, want: []bool{true, false, true, true}},
		{name: "what a and c share changed", change: map[string]string{"shared/shared.go": "package shared\n\nvar Name = \"y\"\n"}, want: []bool{false, true, false, false}, compare: true},
		{name: "the defaults of Go's library changed", change: map[string]string{"go.mod": "module example\n\ngo 1.26\n\ngodebug panicnil=1\n"}, want: []bool{false, false, false, false}},
		{name: "a kept zip is damaged", damage: true, want: []bool{false, false, false, false}, compare: true},
	}
	for _, step := range steps {
		write(t, root, step.change)
		if step.damage {
			damage(t, o)
			anotherBuilds(t, o)
		}
		if diff := cmp.Diff(step.want, kept(step.compare)); diff != "" {
			t.Errorf("%s: taken from the cache (-want +got):\n%s", step.name, diff)
		}
	}
	if kept, _ := filepath.Glob(filepath.Join(o, "*", "*.zip")); len(kept) != 3 {
		t.Errorf("the cache holds %q, want one file for each of three folders", kept)
	}
	if half, _ := filepath.Glob(filepath.Join(o, "*", "half-*")); len(half) != 3 {
		t.Errorf("of what others are writing %q is left, want it in each of three folders", half)
	}
}

// anotherBuilds leaves in the cache what another build has while it writes.
func anotherBuilds(t *testing.T, cache string) {
	zips, err := filepath.Glob(filepath.Join(cache, "*", "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	for _, zip := range zips {
		write(t, filepath.Dir(zip), map[string]string{"half-1": "PK"})
	}
}

// damage changes a byte of each file in the cache.
func damage(t *testing.T, cache string) {
	files, err := filepath.Glob(filepath.Join(cache, "*", "*.zip"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(f, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Only what is compiled can be slow, and what has ended is told of no more.
func TestWhoWaitsForCompilersIsTold(t *testing.T) {
	a, b, script := folder(t, goFiles), folder(t, goFiles), folder(t, map[string]string{"bootstrap*": script})
	sources := []build.Source{{Path: a}, {Path: script}, {Path: b + "/."}, {Path: a}}
	for _, c := range []struct {
		patience time.Duration
		want     []string
	}{
		{0, []string{a, b + "/."}},
		{time.Hour, nil},
	} {
		var told []string
		_, err := build.All(t.Context(), sources, build.Options{Patience: c.patience, Slow: func(path string) { told = append(told, path) }})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(told)
		slices.Sort(c.want)
		if diff := cmp.Diff(c.want, told); diff != "" {
			t.Errorf("with the patience of %s (-want +got):\n%s", c.patience, diff)
		}
	}
}

func TestAZipIsTakenAsItIs(t *testing.T) {
	z := packed(t, folder(t, map[string]string{"bootstrap*": script}), build.Options{})
	path := filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(path, z.Bytes, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := packed(t, path, build.Options{}); !bytes.Equal(got.Bytes, z.Bytes) {
		t.Error("it was changed")
	}
}

func TestAStoppedBuildEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := build.Package(ctx, folder(t, goFiles), build.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
