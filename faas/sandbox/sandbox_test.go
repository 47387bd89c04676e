package sandbox

import (
	"io"
	"os"
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	s, err := New(Basic, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir := t.TempDir()
	prog := dir + "/bootstrap"
	os.WriteFile(prog, []byte("#!/bin/sh\necho $X; pwd; (setsid sleep 600 &) ; setsid sleep 500 & ulimit -a; exit 3\n"), 0o755)
	r, w, _ := os.Pipe()
	p, err := s.Start(Spec{Code: dir, Program: prog, Tmp: t.TempDir(), Env: []string{"X=y", "PATH=/usr/bin:/bin"}, Output: w, Memory: 128 << 20, TmpSize: 512 << 20, Files: 1024, Processes: 1024})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(r)
	if e := p.Exit(); e.String() != "exit status 3" || !strings.HasPrefix(string(b), "y\n"+dir) {
		t.Errorf("%v %s", e, b)
	}
	t.Logf("%s %d", b, p.MaxMemory())
}
