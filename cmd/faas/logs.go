package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"triptych/faas/console"
)

// logs prints the lines of a function.
func logs(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := to.flags("logs", t)
	follow := flags.Bool("follow", false, "")
	flags.BoolVar(follow, "f", false, "")
	since := flags.String("since", "", "")
	rest, err := parse(flags, args, 1, 1, "logs NAME [--follow] [--since T]")
	if err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	query := url.Values{}
	if *follow {
		query.Set("follow", "1")
	}
	if *since != "" {
		at, err := moment(*since, time.Now())
		if err != nil {
			return err
		}
		query.Set("since", at.UTC().Format(time.RFC3339Nano))
	}
	answer, err := to.ask(ctx, "GET", "/_/logs/"+url.PathEscape(rest[0]), query)
	if err != nil {
		return to.explain("logs "+rest[0], err)
	}
	defer answer.Body.Close()
	if err := printLines(answer.Body, t.out); err != nil && ctx.Err() == nil {
		return fmt.Errorf("logs %s: the runner broke off: %w", rest[0], err)
	}
	return nil
}

// moment reads a time, or how long ago it was.
func moment(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d.Abs()), nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	return time.Time{}, usageError{fmt.Errorf("logs: --since is %q: it must be a duration, such as 10m, or a time, such as 2026-11-24T12:00:00Z", s)}
}

// printLines prints JSON lines as text, each as soon as it is there.
func printLines(from io.Reader, to io.Writer) error {
	lines := json.NewDecoder(bufio.NewReader(from))
	for {
		var l console.Line
		err := lines.Decode(&l)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(to, "%s %s\n", l.Time.UTC().Format("2006-01-02T15:04:05.000Z"), l.Text); err != nil {
			return err
		}
	}
}
