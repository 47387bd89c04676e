package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// oldest is the first major version that the tables here are written for.
const oldest = 15

// Binaries are the programs of one PostgreSQL.
type Binaries struct {
	Dir     string // holds postgres and initdb
	Version string // 17.5
	Major   int
}

// places are where installers put the programs: Debian and Ubuntu, the RPMs of
// postgresql.org, Homebrew on Apple and on Intel processors and on Linux,
// Postgres.app, the installers of EDB, Alpine, builds from source, and the
// RPMs of Fedora.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/Library/PostgreSQL/*/bin",
	"/opt/PostgreSQL/*/bin",
	"/usr/libexec/postgresql*",
	"/usr/local/pgsql/bin",
	"/usr/bin",
}

// Installed returns every PostgreSQL on this machine that is new enough, the
// newest first.
func Installed() []Binaries {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, p := range places {
		found, _ := filepath.Glob(p) // the patterns are well formed
		dirs = append(dirs, found...)
	}
	return inspectAll(dirs)
}

func inspectAll(dirs []string) []Binaries {
	var found []Binaries
	seen := map[string]bool{}
	for _, dir := range dirs {
		real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
		if err != nil || seen[real] {
			continue
		}
		seen[real] = true
		if b, err := inspect(filepath.Dir(real)); err == nil && b.Major >= oldest {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b Binaries) int { return b.Major - a.Major })
	return found
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect asks the programs in dir for their version.
func inspect(dir string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, err
	}
	m := versionPattern.FindSubmatch(out)
	if m == nil {
		return Binaries{}, fmt.Errorf("%s/postgres tells no version: %s", dir, out)
	}
	major, err := strconv.Atoi(string(m[2]))
	return Binaries{Dir: dir, Version: string(m[1]), Major: major}, err
}
