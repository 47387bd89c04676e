package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestTheLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "postgres.log")
	l, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	line := strings.Repeat("x", 1000)
	for range 5 * logLimit / len(line) {
		l.line(line)
	}
	l.line("the last")
	total := int64(0)
	for _, p := range []string{path, path + ".1"} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 2*logLimit+10_000 {
		t.Errorf("the log takes %d bytes", total)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.HasSuffix(string(b), "the last\n") {
		t.Errorf("the log does not end with the last line, %v", err)
	}
}

func TestTheLastComplaintIsTold(t *testing.T) {
	l, err := openLog(filepath.Join(t.TempDir(), "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	s := &Server{home: &home{dir: "/data"}, bin: Binaries{Version: "17.5"}, log: l}
	for line, want := range map[string]string{
		"2026-11-24 05:00:00.000 UTC [7] LOG:  starting":                                                                                   "PostgreSQL 17.5 did not start: boom (",
		"2026-11-24 05:00:00.000 UTC [7] FATAL:  role \"x\" is not there":                                                                  `PostgreSQL 17.5 did not start: role "x" is not there (`,
		"initdb: error: could not create directory \"x\": Permission denied":                                                               "could not create directory",
		"[7] PANIC:  could not write to file \"x\": No space left on device":                                                               "the disk is full: PostgreSQL cannot write to /data; make room",
		"initdb: error: could not write file \"x/y\": No space left on device\n":                                                           "the disk is full",
		"FATAL:  could not extend file \"x\"\nHINT:  Check free disk space.\nPANIC:  cannot abort transaction 1, it was already committed": "the disk is full",
	} {
		l.forget()
		for one := range strings.SplitSeq(line, "\n") {
			l.line(one)
		}
		if got := s.explain("did not start", errors.New("boom")).Error(); !strings.HasPrefix(got, want) && !strings.Contains(got, want) {
			t.Errorf("after %q: %s, want %s", line, got, want)
		}
	}
}

func TestAFolderThatCannotBeUsed(t *testing.T) {
	for cause, want := range map[error]string{
		syscall.ENOSPC: "the disk is full: /data cannot be written to; make room and start again",
		syscall.EACCES: "/data cannot be used by this user (open /data/lock: permission denied): choose another folder with --data",
		syscall.EROFS:  "/data cannot be used by this user (open /data/lock: read-only file system): choose another folder with --data",
		syscall.EIO:    "open /data/lock: input/output error",
	} {
		err := fmt.Errorf("%w", &fs.PathError{Op: "open", Path: "/data/lock", Err: cause})
		if got := sentence(err, "/data").Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestAFolderOfSomebodyElseIsRefused(t *testing.T) {
	name := fmt.Sprintf("triptych-test-%d", os.Getpid())
	dir, err := ownFolder(name)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(dir)
	if _, err := ownFolder(name); err != nil {
		t.Errorf("our own was refused: %v", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { // anybody may put things in it
		t.Fatal(err)
	}
	if _, err := ownFolder(name); err == nil {
		t.Error("a folder that everybody can write to was taken")
	}
	os.Remove(dir)
	if err := os.Symlink(t.TempDir(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := ownFolder(name); err == nil {
		t.Error("a link to elsewhere was taken")
	}
}
