package build_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"triptych/faas/build"
	"triptych/faas/function"
)

func TestWhatIsWrongIsSaid(t *testing.T) {
	sh := map[string]string{"bootstrap*": script}
	with := func(change func(dir string) error) func(t *testing.T) string {
		return func(t *testing.T) string {
			dir := folder(t, sh)
			if err := change(dir); err != nil {
				t.Fatal(err)
			}
			return dir
		}
	}
	of := func(files map[string]string) func(t *testing.T) string {
		return func(t *testing.T) string { return folder(t, files) }
	}
	elf := func(machine string) string { return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 11) + machine }
	tests := []struct {
		name string
		make func(t *testing.T) string
		want string
	}{
		{"nothing", of(nil), "neither Go files nor a file named bootstrap"},
		{"not there", func(t *testing.T) string { return filepath.Join(t.TempDir(), "no") }, "no such file"},
		{"another file", func(t *testing.T) string { return filepath.Join(folder(t, sh), "bootstrap") }, "neither a folder nor a zip file"},
		{"no module", of(map[string]string{"main.go": goMain}), "no go.mod is in it or in a folder above: run go mod init"},
		{"no main", of(map[string]string{"go.mod": goMod, "a.go": "package a\n"}), "its Go package is a: a function must be package main"},
		{"does not compile", of(map[string]string{"go.mod": goMod, "main.go": goMain}), "says:\n# example\n./main.go:4:23: undefined: text"},
		{"syntax", of(map[string]string{"go.mod": goMod, "main.go": "package main\nfunc {"}), "main.go:2:6: syntax error"},
		{"unknown import", of(map[string]string{"go.mod": goMod, "main.go": "package main\n\nimport \"example/no\"\n"}), "main.go:3:8: package example/no is not in std"},
		{"not executable", of(map[string]string{"bootstrap": script}), "bootstrap is not executable: chmod +x "},
		{"a folder", of(map[string]string{"bootstrap/a": ""}), "bootstrap is a folder"},
		{"of Windows", of(map[string]string{"bootstrap*": "#!/bin/sh\r\ntrue\r\n"}), "save it with line ends of Linux"},
		{"empty", of(map[string]string{"bootstrap*": ""}), "neither a program for Linux nor a script"},
		{"of macOS", of(map[string]string{"bootstrap*": "\xcf\xfa\xed\xfe" + strings.Repeat("x", 100)}), "neither a program for Linux nor a script"},
		{"of another machine", of(map[string]string{"bootstrap*": elf("\xb7\x00")}), "bootstrap is a program for EM_AARCH64, and the function is for x86_64"},
		{"a link out", with(func(dir string) error { return os.Symlink("/etc/hostname", filepath.Join(dir, "a")) }), "a leads out of the folder"},
		{"a link to a neighbour", with(func(dir string) error {
			write(t, dir+"2", map[string]string{"x": ""})
			return os.Symlink(dir+"2/x", filepath.Join(dir, "a"))
		}), "a leads out of the folder"},
		{"a link to nothing", with(func(dir string) error { return os.Symlink("no", filepath.Join(dir, "a")) }), "a cannot be followed"},
		{"a link to itself", with(func(dir string) error { return os.Symlink("a", filepath.Join(dir, "a")) }), "a cannot be followed"},
		{"a loop", with(func(dir string) error { return os.Symlink(".", filepath.Join(dir, "a")) }), "a leads back to a folder that it is in"},
		{"a pipe", with(func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "a"), 0o644) }), "a is neither a file nor a folder (p---------)"},
		{"too large unzipped", with(func(dir string) error {
			f, err := os.Create(filepath.Join(dir, "a"))
			if err != nil {
				return err
			}
			defer f.Close()
			return f.Truncate(function.MaxUnzipped) // a hole: it takes no disk
		}), "more than 262144000 bytes unzipped"},
		{"too large zipped", with(func(dir string) error {
			b := make([]byte, function.MaxZip)
			_, _ = rand.Read(b) // which does not fail
			return os.WriteFile(filepath.Join(dir, "a"), b, 0o644)
		}), "more than 52428800 bytes"},
		{"no zip", zipOf(nil), "no file bootstrap at its top"},
		{"a zip with a folder around", zipOf(map[string]os.FileMode{"x/bootstrap": 0o755}), "no file bootstrap at its top"},
		{"a zip without modes", zipOf(map[string]os.FileMode{"bootstrap": 0}), "bootstrap in it is not executable"},
		{"a file named zip", func(t *testing.T) string { return filepath.Join(folder(t, map[string]string{"a.zip": "PK"}), "a.zip") }, "not a zip file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := test.make(t)
			_, err := build.Package(t.Context(), path, build.Options{Architecture: "x86_64"})
			if err == nil || !strings.HasPrefix(err.Error(), "build "+path+": ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func zipOf(files map[string]os.FileMode) func(t *testing.T) string {
	return func(t *testing.T) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for name, mode := range files {
			h := &zip.FileHeader{Name: name}
			h.SetMode(mode)
			if _, err := w.CreateHeader(h); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder(t, map[string]string{"a.zip": b.String()}), "a.zip")
	}
}

func TestEveryErrorIsTold(t *testing.T) {
	good, bad, worse := folder(t, map[string]string{"bootstrap*": script}), folder(t, nil), folder(t, nil)
	zips, err := build.All(t.Context(), []build.Source{{Path: bad}, {Path: good}, {Path: worse}, {Path: bad}}, build.Options{})
	if err == nil || zips != nil {
		t.Fatalf("zips %v, error %v", zips, err)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], bad) || !strings.Contains(lines[1], worse) {
		t.Errorf("the errors are %q", lines)
	}
}

func TestNoGoIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := build.Package(t.Context(), folder(t, goFiles), build.Options{})
	if err == nil || !strings.Contains(err.Error(), "install Go") {
		t.Errorf("the error is %v", err)
	}
}

func TestTheGoCommandIsQuotedOnce(t *testing.T) {
	dir := folder(t, map[string]string{"go.mod": goMod, "main.go": "package main\n\nimport \"example.org/a\"\n\nfunc main() { a.B() }\n"})
	_, err := build.Package(t.Context(), dir, build.Options{})
	if err == nil || strings.Count(err.Error(), "main.go:3:8") != 1 || strings.Count(err.Error(), "\tgo get example.org/a") != 1 {
		t.Errorf("it is said other than once: %v", err)
	}
}
