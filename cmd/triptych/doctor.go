package main

import (
	"context"
	"flag"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"triptych/internal/postgres"
	"triptych/lab/launch"
)

// A finding is what the doctor says of one thing.
type finding struct {
	what   string
	found  string // empty when there is none
	advice string // what is used instead, and what to install
}

// doctor says what this machine has, what will be used instead of what it
// lacks, and what to install.
func doctor(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	if err := parse(flag.NewFlagSet("doctor", flag.ContinueOnError), args); err != nil {
		return err
	}
	rows := [][]string{}
	for _, f := range []finding{findGo(ctx), findPostgres(getenv), findDocker(ctx), findK6(ctx)} {
		mark := out.paint("32", "✓")
		if f.found == "" {
			mark, f.found = out.paint("33", "–"), "not found"
		}
		rows = append(rows, []string{mark, f.what, f.found, f.advice})
	}
	out.table(nil, rows...)
	return nil
}

func findGo(ctx context.Context) finding {
	f := finding{what: "Go", found: firstLine(ctx, "go", "version"), advice: "builds the programs"}
	if f.found == "" {
		f.advice = "needed: install Go 1.26 or newer from https://go.dev/dl"
	}
	return f
}

func findPostgres(getenv func(string) string) finding {
	if getenv("DATABASE_URL") != "" {
		return finding{"PostgreSQL", "DATABASE_URL", "the database that it names is used"}
	}
	if found := postgres.Installed(); len(found) > 0 {
		return finding{"PostgreSQL", found[0].Version + " in " + found[0].Dir, "started for each run, with data of its own"}
	}
	return finding{"PostgreSQL", "", "downloaded once and started for each run; or install PostgreSQL 15 or newer, or set DATABASE_URL"}
}

func findDocker(ctx context.Context) finding {
	version := firstLine(ctx, "docker", "--version")
	if version == "" {
		return finding{"Docker", "", "not needed here; install it to run the shop in containers"}
	}
	if firstLine(ctx, "docker", "info", "--format", "{{.ServerVersion}}") == "" {
		return finding{"Docker", version, "no engine answers; not needed here"}
	}
	return finding{"Docker", version, "not needed here"}
}

func findK6(ctx context.Context) finding {
	if version := firstLine(ctx, "k6", "version"); version != "" {
		return finding{"k6", version, "used by make load"}
	}
	if root, err := launch.FindRoot(); err == nil {
		if version := firstLine(ctx, filepath.Join(root, ".triptych", "bin", "k6"), "version"); version != "" {
			return finding{"k6", version, "used by make load; it was built here"}
		}
	}
	return finding{"k6", "", "built once by make load, which takes some minutes; or install it from https://k6.io"}
}

// firstLine returns the first line of a command's output, or nothing.
func firstLine(ctx context.Context, name string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
