package env

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func reader(vars map[string]string) *Reader {
	return &Reader{Getenv: func(name string) string { return vars[name] }}
}

func TestValues(t *testing.T) {
	r := reader(map[string]string{
		"ADDR": " :9000 ", "N": "7",
		"DB": "postgres:///shop?host=/tmp/x", "EMPTY": "",
	})
	check(t, "String", r.String("ADDR", ":8080"), ":9000")
	check(t, "String, unset", r.String("NOT_SET", ":8080"), ":8080")
	check(t, "String, empty", r.String("EMPTY", "x"), "x")
	check(t, "Required", r.Required("ADDR"), ":9000")
	check(t, "Int", r.Int("N", 1, 1, 10), 7)
	check(t, "Int, unset", r.Int("NOT_SET", 3, 1, 10), 3)
	check(t, "URL", r.URL("DB", "postgres"), "postgres:///shop?host=/tmp/x")
	if err := r.Err(); err != nil {
		t.Errorf("complains about good values: %v", err)
	}
}

func TestEveryComplaintAtOnce(t *testing.T) {
	r := reader(map[string]string{
		"N": "11", "WORD": "many",
		"DB": "mysql://root:hunter2@db/shop",
	})
	r.Required("DATABASE_URL")
	check(t, "Int", r.Int("N", 1, 1, 10), 1)
	check(t, "Int", r.Int("WORD", 2, 1, 10), 2)
	check(t, "URL", r.URL("DB", "postgres", "postgresql"), "")
	check(t, "URL, unset", r.URL("OTHER_DB", "postgres"), "")

	want := strings.TrimSpace(`
DATABASE_URL must be set
N must be a whole number from 1 to 10, not "11"
WORD must be a whole number from 1 to 10, not "many"
DB must be an address that begins with postgres:// or postgresql://
OTHER_DB must be set`)
	if got := r.Err(); got == nil || got.Error() != want {
		t.Errorf("complaints:\n%v\nwant:\n%s", got, want)
	}
}

func TestAFileHoldsTheValue(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	r := reader(map[string]string{
		"PASSWORD_FILE": write("password", "hunter2\n"),
		"N_FILE":        write("n", "7"),
		"DB_FILE":       write("db", " postgres://db/shop\n"),
		"EMPTY_FILE":    write("empty", "\n"),
	})
	check(t, "String", r.String("PASSWORD", ""), "hunter2")
	check(t, "Int", r.Int("N", 1, 1, 10), 7)
	check(t, "URL", r.URL("DB", "postgres"), "postgres://db/shop")
	check(t, "String, empty", r.String("EMPTY", "x"), "x")
	if err := r.Err(); err != nil {
		t.Errorf("complains about good values: %v", err)
	}
}

// What is wrong is told once: not also that the variable is unset, and not
// again when it is read again.
func TestFilesThatAreWrong(t *testing.T) {
	r := reader(map[string]string{
		"BOTH": "x", "BOTH_FILE": "/etc/hostname",
		"GONE_FILE": "/no/such/file", "LATER_FILE": "/no/such/other",
	})
	for range 2 {
		check(t, "Required, both", r.Required("BOTH"), "")
		check(t, "URL, no file", r.URL("GONE", "postgres"), "")
		check(t, "String, no file", r.String("LATER", "x"), "x")
	}
	r.Complain("SEED must be %d bytes", 32)
	want := strings.TrimSpace(`
BOTH and BOTH_FILE are both set: leave one out
GONE_FILE: open /no/such/file: no such file or directory
LATER_FILE: open /no/such/other: no such file or directory
SEED must be 32 bytes`)
	if got := r.Err(); got == nil || got.Error() != want {
		t.Errorf("complaints:\n%v\nwant:\n%s", got, want)
	}
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}
