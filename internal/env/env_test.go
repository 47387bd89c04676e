package env

import (
	"strings"
	"testing"
	"time"
)

func reader(vars map[string]string) *Reader {
	return &Reader{Getenv: func(name string) string { return vars[name] }}
}

func TestValues(t *testing.T) {
	r := reader(map[string]string{
		"ADDR": " :9000 ", "N": "7", "WAIT": "90s", "ON": "TRUE",
		"DB": "postgres:///shop?host=/tmp/x", "EMPTY": "",
	})
	check(t, "String", r.String("ADDR", ":8080"), ":9000")
	check(t, "String, unset", r.String("NOT_SET", ":8080"), ":8080")
	check(t, "String, empty", r.String("EMPTY", "x"), "x")
	check(t, "Required", r.Required("ADDR"), ":9000")
	check(t, "Int", r.Int("N", 1, 1, 10), 7)
	check(t, "Int, unset", r.Int("NOT_SET", 3, 1, 10), 3)
	check(t, "Duration", r.Duration("WAIT", time.Second), 90*time.Second)
	check(t, "Duration, unset", r.Duration("NOT_SET", time.Second), time.Second)
	check(t, "Bool", r.Bool("ON", false), true)
	check(t, "Bool, unset", r.Bool("NOT_SET", true), true)
	check(t, "URL", r.URL("DB", "", "postgres"), "postgres:///shop?host=/tmp/x")
	check(t, "URL, unset", r.URL("NOT_SET", "", "postgres"), "")
	if err := r.Err(); err != nil {
		t.Errorf("complains about good values: %v", err)
	}
}

func TestEveryComplaintAtOnce(t *testing.T) {
	r := reader(map[string]string{
		"N": "11", "WORD": "many", "WAIT": "-3s", "SOON": "soon", "ON": "perhaps",
		"DB": "mysql://root:hunter2@db/shop",
	})
	r.Required("DATABASE_URL")
	check(t, "Int", r.Int("N", 1, 1, 10), 1)
	check(t, "Int", r.Int("WORD", 2, 1, 10), 2)
	check(t, "Duration", r.Duration("WAIT", time.Second), time.Second)
	check(t, "Duration", r.Duration("SOON", time.Minute), time.Minute)
	check(t, "Bool", r.Bool("ON", true), true)
	r.URL("DB", "", "postgres", "postgresql")

	want := strings.TrimSpace(`
DATABASE_URL must be set
N must be a whole number from 1 to 10, not "11"
WORD must be a whole number from 1 to 10, not "many"
WAIT must be a length of time such as 90s or 1h30m, not "-3s"
SOON must be a length of time such as 90s or 1h30m, not "soon"
ON must be true or false, not "perhaps"
DB must be an address that begins with postgres:// or postgresql://`)
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
