package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/internal/postgres"
	"triptych/lab/bench/measure"
)

// A rival sends the statements of checkouts without the program.
type rival struct {
	name string
	run  func(ctx context.Context) (measure.Tally, error)
}

// rival is pgbench, or, since the PostgreSQL that is downloaded where none is
// installed comes without it, a loop in this program.
func (st *stage) rival(t transaction) (rival, error) {
	program, ok := findPgbench(st.shop.Database().Version())
	if !ok {
		return rival{"the same statements by a Go loop (there is no pgbench here)", func(ctx context.Context) (measure.Tally, error) {
			return st.replay(ctx, t)
		}}, nil
	}
	script, arguments := t.script(st.Products)
	file := filepath.Join(st.data, "checkout.pgbench")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		return rival{}, err
	}
	return rival{"the same statements by pgbench", func(ctx context.Context) (measure.Tally, error) {
		return st.pgbench(ctx, program, file, arguments)
	}}, nil
}

// findPgbench finds the one that came with the server in use, or any other: it
// speaks to every version.
func findPgbench(version string) (string, bool) {
	for _, b := range postgres.Installed() {
		if path := filepath.Join(b.Dir, "pgbench"); b.Version == version && isFile(path) {
			return path, true
		}
	}
	path, err := exec.LookPath("pgbench")
	return path, err == nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

var (
	tps       = regexp.MustCompile(`tps = ([0-9.]+)`)
	processed = regexp.MustCompile(`number of transactions actually processed: (\d+)`)
)

func (st *stage) pgbench(ctx context.Context, program, script string, arguments []string) (measure.Tally, error) {
	cfg, err := st.session(ctx)
	if err != nil {
		return measure.Tally{}, err
	}
	seconds := strconv.Itoa(int(st.each.Seconds()))
	clients := strconv.Itoa(st.clients)
	args := append([]string{"--no-vacuum", "--protocol=prepared", "--client=" + clients, "--jobs=" + strconv.Itoa(min(2, st.clients)),
		"--time=" + seconds, "--file=" + script, fmt.Sprintf("-Dn=%d", firstID(time.Now()))}, arguments...)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"PGHOST=" + cfg.Host, fmt.Sprintf("PGPORT=%d", cfg.Port), "PGUSER=" + cfg.User, "PGPASSWORD=" + cfg.Password, "PGDATABASE=" + cfg.Database,
		"PGOPTIONS=" + pgOptions(cfg.RuntimeParams)}
	before, err := st.backends()
	if err != nil {
		return measure.Tally{}, err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return measure.Tally{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	if err := st.awaitEnd(ctx, before); err != nil {
		return measure.Tally{}, err
	}
	return readTally(out)
}

// session is how the program connects: the rival has its settings too.
func (st *stage) session(ctx context.Context) (*pgx.ConnConfig, error) {
	pool, err := postgres.Open(ctx, st.shop.Database().URL("shop"))
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	return pool.Config().ConnConfig, nil
}

// pgOptions writes settings for the variable PGOPTIONS, in which a space ends
// a setting unless a backslash comes before it.
func pgOptions(settings map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := strings.NewReplacer(`\`, `\\`, ` `, `\ `).Replace(settings[name])
		all = append(all, "-c "+name+"="+value)
	}
	return strings.Join(all, " ")
}

// awaitEnd waits until the backends of pgbench have ended: the time that they
// used counts as PostgreSQL's only then, for whoever looks at its processes.
func (st *stage) awaitEnd(ctx context.Context, before map[int]func(int) string) error {
	for {
		now, err := st.backends()
		if err != nil {
			return err
		}
		maps.DeleteFunc(now, func(pid int, _ func(int) string) bool { return before[pid] != nil })
		if len(now) == 0 {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond): // an autovacuum may be among them, and ends too
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (st *stage) backends() (map[int]func(int) string, error) {
	return measure.Children(st.postmaster())
}

func readTally(out []byte) (measure.Tally, error) {
	rate, n := tps.FindSubmatch(out), processed.FindSubmatch(out)
	if rate == nil || n == nil {
		return measure.Tally{}, fmt.Errorf("pgbench told no rate:\n%s", out)
	}
	perSecond, err1 := strconv.ParseFloat(string(rate[1]), 64)
	done, err2 := strconv.Atoi(string(n[1]))
	return measure.Tally{Done: done, Took: time.Duration(float64(done) / perSecond * float64(time.Second))}, errors.Join(err1, err2)
}
