package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/internal/child"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

// made is a folder with data, made once and copied: initdb takes a second.
var made = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("/tmp", "triptych-server-")
	if err != nil {
		return "", err
	}
	if err := errors.Join(child.RemoveAtEnd(dir), os.Chmod(dir, 0o755)); err != nil {
		return "", err
	}
	s, err := postgres.Start(context.Background(), postgres.Options{Dir: dir, Settings: quick})
	if err != nil {
		return "", err
	}
	s.Stop()
	return dir, nil
})

// dataFolder is a folder with the data of a server that was stopped.
func dataFolder(t *testing.T) string {
	t.Helper()
	from, err := made()
	if err != nil {
		t.Fatal(err)
	}
	dir := pgtest.Folder(t)
	if out, err := exec.Command("cp", "-Rp", from+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%s %v", out, err)
	}
	return dir
}

// quick spares the disk where a power cut is not what is tested.
var quick = map[string]string{"fsync": "off"}

func start(t *testing.T, o postgres.Options) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func TestDataIsThereNextTime(t *testing.T) {
	dir := pgtest.Folder(t)
	s := start(t, postgres.Options{Dir: dir, Settings: quick})
	url, err := s.Database(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	doAt(t, url, `CREATE TABLE t AS SELECT 7 AS n`)
	s.Stop()

	s = start(t, postgres.Options{Dir: dir, Settings: quick})
	if url, err = s.Database(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, connect(t, url), `SELECT n FROM t`); n != 7 {
		t.Errorf("n is %d, want 7", n)
	}
	s.Stop()

	s = start(t, postgres.Options{Dir: dir, Fresh: true, Settings: quick})
	_, err = pgx.Connect(t.Context(), s.URL("shop"))
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("after a fresh start: error %v, want that the database does not exist", err)
	}
}

// A kill while the old data is being thrown away leaves some of it, which must
// not be taken for the new, nor stay for good.
func TestAFreshStartThatWasCutShort(t *testing.T) {
	dir := dataFolder(t)
	old := filepath.Join(dir, "data.old")
	if err := errors.Join(os.Rename(filepath.Join(dir, "data"), old), os.Remove(filepath.Join(old, "PG_VERSION"))); err != nil {
		t.Fatal(err)
	}
	start(t, postgres.Options{Dir: dir, Settings: quick})
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old data is still there: %v", err)
	}
}

func doAt(t *testing.T, url, sql string) {
	t.Helper()
	do(t, connect(t, url), sql)
}

func TestAPrivateServerIsSafe(t *testing.T) {
	dir := dataFolder(t)
	s := start(t, postgres.Options{Dir: dir})
	conn := connect(t, s.URL("postgres"))
	for name, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
		"listen_addresses": "", "password_encryption": "scram-sha-256", "server_encoding": "UTF8", "TimeZone": "UTC",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	var lower string
	if err := conn.QueryRow(t.Context(), `SELECT lower('ÅNGSTRÖM')`).Scan(&lower); err != nil || lower != "ångström" {
		t.Errorf("lower is %q, %v", lower, err)
	}
	info, err := os.Stat(filepath.Join(dir, "password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the password's mode is %v, %v; want 0600", info.Mode(), err)
	}
	password, _ := os.ReadFile(filepath.Join(dir, "password"))
	_, err = pgx.Connect(t.Context(), strings.Replace(s.URL("postgres"), string(password), "guess", 1))
	if err == nil || !strings.Contains(err.Error(), "password authentication failed") {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestTwoInOneFolder(t *testing.T) {
	dir := dataFolder(t)
	start(t, postgres.Options{Dir: dir, Settings: quick})
	_, err := postgres.Start(t.Context(), postgres.Options{Dir: dir, Settings: quick})
	want := fmt.Sprintf("the data in %s is in use by process %d: end that one, or choose another folder", dir, os.Getpid())
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestANoteOfAnotherProgramsIDIsNoServer(t *testing.T) {
	dir := dataFolder(t)
	note := filepath.Join(dir, "data/postmaster.pid")
	took := time.Hour
	for range 3 { // a busy machine may need as long to start one
		err := os.WriteFile(note, fmt.Appendf(nil, "%d\n%s/data\n1700000000\n5432\n/tmp\n\n  1 1\nready\n", os.Getpid(), dir), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("chown", "--reference", dir+"/data", note).CombinedOutput(); err != nil {
			t.Fatalf("%s %v", out, err)
		}
		begun := time.Now()
		s := start(t, postgres.Options{Dir: dir, Settings: quick})
		if took = min(took, time.Since(begun)); took <= child.Grace {
			return
		}
		s.Stop()
	}
	t.Errorf("it took %s", took)
}

func TestAnInterruptedBeginningIsBegunAgain(t *testing.T) {
	dir := pgtest.Folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new/base"), 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, postgres.Options{Dir: dir, Settings: quick})
}

func TestServersThatDoNotStartSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(dir string) error
		o     postgres.Options
		want  []string
	}{
		"a setting": {
			o:    postgres.Options{Settings: map[string]string{"max_connections": "many"}},
			want: []string{"did not start", `invalid value for parameter "max_connections"`, "postgres.log", "--fresh"},
		},
		"damage": {
			spoil: func(dir string) error { return os.Remove(dir + "/data/global/pg_control") },
			want:  []string{"did not start", "could not find the database system", "--fresh"},
		},
		"another version": {
			spoil: func(dir string) error { return os.WriteFile(dir+"/data/PG_VERSION", []byte("13\n"), 0o600) },
			want:  []string{"was written by PostgreSQL 13", "--fresh"},
		},
		"no password": {
			spoil: func(dir string) error { return os.Remove(dir + "/password") },
			want:  []string{"password file", "--fresh"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Dir = dataFolder(t)
			if c.spoil != nil {
				if err := c.spoil(c.o.Dir); err != nil {
					t.Fatal(err)
				}
			}
			_, err := postgres.Start(t.Context(), c.o)
			if err == nil {
				t.Fatal("it started")
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not speak of %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q is more than a sentence", err)
			}
		})
	}
}

func TestDownloadedBinaries(t *testing.T) {
	dir := pgtest.Folder(t)
	s := start(t, postgres.Options{Dir: dir, Download: true, Settings: quick})
	if !strings.HasPrefix(s.Version(), "18.") {
		t.Errorf("version %s, want the downloaded 18", s.Version())
	}
	if n := count(t, connect(t, s.URL("postgres")), `SELECT 1 WHERE lower('Å') = 'å'`); n != 1 {
		t.Error("it does not know upper and lower case")
	}
	s.Stop()
	s = start(t, postgres.Options{Dir: dir, Settings: quick})
	if !strings.HasPrefix(s.Version(), "18.") {
		t.Errorf("version %s, want the one that wrote the data, whatever is installed", s.Version())
	}
}

func TestAFolderOutOfReach(t *testing.T) {
	dir := t.TempDir() // root's own
	s := start(t, postgres.Options{Dir: dir, Settings: quick})
	if s.Dir() != dir {
		t.Cleanup(func() {
			s.Stop()
			os.RemoveAll(s.Dir())
		})
		if os.Geteuid() != 0 {
			t.Errorf("the data is in %s, want %s", s.Dir(), dir)
		}
	}
	count(t, connect(t, s.URL("postgres")), `SELECT 1`)
}
