package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"strings"

	"triptych/conformance"
	"triptych/lab/client"
	"triptych/lab/launch"
)

// check proves that a running shop keeps the contract.
func check(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	target, err := readTarget(ctx, args, getenv)
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

func readTarget(ctx context.Context, args []string, getenv func(string) string) (conformance.Target, error) {
	var t conformance.Target
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.StringVar(&t.URL, "url", "", "")
	data := flags.String("data", "", "")
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
	if t.Manager.Email == "" {
		t.Manager, err = knownManager(ctx, t.URL, *data)
	}
	return t, err
}

// knownManager is the manager of the shop at url, whose data are in the folder
// that was given to up or to the demo, or else in the usual one of its kind.
func knownManager(ctx context.Context, url, data string) (c conformance.Credentials, err error) {
	var info struct{ Architecture string }
	if _, err := client.New(url).Do(ctx, client.Call{Method: "GET", Path: "/v1/info"}, &info); err != nil {
		return c, fmt.Errorf("ask the shop what it is: %w", err)
	}
	folders, err := dataFolders(data, info.Architecture)
	if err != nil {
		return c, err
	}
	for _, folder := range folders {
		if s, err := launch.ReadSecrets(folder); err == nil {
			return conformance.Credentials{Email: s.ManagerEmail, Password: s.ManagerPassword}, nil
		}
	}
	return c, usageError{errors.New("check: name the shop's manager with --manager and --password, or its folder with --data")}
}
