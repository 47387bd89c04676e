package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"triptych/conformance"
	"triptych/lab/launch"
)

// check proves that a running shop keeps the contract.
func check(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	target, err := readTarget(args, getenv)
	if err != nil {
		return err
	}
	out.print("Checking %s against the contract, api/openapi.yaml.\n", target.URL)
	section := ""
	summary, err := conformance.Check(ctx, target, func(r conformance.Result) {
		if r.Section != section {
			section = r.Section
			out.heading(section)
		}
		showResult(r, out)
	})
	if err != nil {
		return err
	}
	out.print("\n%d passed, %d failed; %d answers held against the contract in %.1f s.\n",
		summary.Passed, summary.Failed, summary.Requests, summary.Took.Seconds())
	if summary.Failed > 0 {
		return fmt.Errorf("the shop at %s does not keep the contract", target.URL)
	}
	return nil
}

func showResult(r conformance.Result, out *screen) {
	mark := out.paint("32", "✓")
	if len(r.Problems) > 0 {
		mark = out.paint("31", "✗")
	}
	out.print("  %s %s%s\n", mark, r.Name, out.dim(fmt.Sprintf("  %.2f s", r.Took.Seconds())))
	for _, problem := range r.Problems {
		out.print("      %s\n", strings.ReplaceAll(problem, "\n", "\n      "))
	}
	for _, note := range r.Notes {
		out.print("      %s\n", out.dim(note))
	}
}

func readTarget(args []string, getenv func(string) string) (conformance.Target, error) {
	var t conformance.Target
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.StringVar(&t.URL, "url", "", "")
	flags.StringVar(&t.Manager.Email, "manager", getenv("MANAGER_EMAIL"), "")
	flags.StringVar(&t.Manager.Password, "password", getenv("MANAGER_PASSWORD"), "")
	if err := parse(flags, args); err != nil {
		return t, err
	}
	u, err := url.Parse(t.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return t, usageError{fmt.Errorf("check: --url must be the shop's address, such as http://127.0.0.1:8080")}
	}
	t.URL = strings.TrimSuffix(t.URL, "/")
	if (t.Manager.Email == "") != (t.Manager.Password == "") {
		return t, usageError{errors.New("check: --manager and --password go together")}
	}
	if t.Manager.Email == "" || t.Manager.Password == "" {
		t.Manager = knownManager()
	}
	if t.Manager.Email == "" || t.Manager.Password == "" {
		return t, usageError{errors.New("check: name the shop's manager with --manager and --password, or MANAGER_EMAIL and MANAGER_PASSWORD")}
	}
	return t, nil
}

// knownManager is the manager of the shop that this checkout last started.
func knownManager() (c conformance.Credentials) {
	root, err := launch.FindRoot()
	if err != nil {
		return c
	}
	s, err := launch.ReadSecrets(filepath.Join(root, ".triptych", "monolith"))
	if err != nil {
		return c
	}
	return conformance.Credentials{Email: s.ManagerEmail, Password: s.ManagerPassword}
}
