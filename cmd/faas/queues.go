package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"triptych/faas/console"
)

// queues shows what is in the queues that records and dead letters are sent
// to, and has dead letters delivered again.
func queues(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := to.flags("queues", t)
	redrive := flags.Bool("redrive", false, "")
	del := flags.String("delete", "", "")
	rest, err := parse(flags, args, 0, 1, "queues [QUEUE [--redrive] [--delete ID]]")
	if err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	if len(rest) == 0 {
		if *redrive || *del != "" {
			return usageError{errors.New("queues: say of which queue: faas queues QUEUE --redrive, or --delete ID")}
		}
		return to.explain("queues", listQueues(ctx, &to, t))
	}
	path := "/_/queues/" + url.PathEscape(rest[0])
	switch {
	case *redrive && *del != "":
		return usageError{errors.New("queues: --redrive and --delete are two things: leave one out")}
	case *del != "":
		if err = to.read(ctx, "DELETE", path+"/messages/"+url.PathEscape(*del), nil); err == nil {
			fmt.Fprintf(t.out, "%s: removed\n", *del)
		}
	case *redrive:
		var n console.Redriven
		if err = to.read(ctx, "POST", path+"/redrive", &n); err == nil {
			fmt.Fprintf(t.out, "%d delivered again\n", n.Events)
			if n.Events == 0 {
				fmt.Fprintln(t.err, "only dead letters are delivered again; records tell how events ended, and stay")
			}
		}
	default:
		err = listMessages(ctx, &to, path, t)
	}
	return to.explain("queues "+rest[0], err)
}

func listQueues(ctx context.Context, to *target, t terminal) error {
	var all console.Queues
	if err := to.read(ctx, "GET", "/_/queues", &all); err != nil {
		return err
	}
	if len(all.Queues) == 0 {
		fmt.Fprintln(t.err, "there are no queues yet: one is there once a record or a dead letter was sent to it")
		return nil
	}
	w := table(t)
	fmt.Fprintln(w, "QUEUE\tMESSAGES\tSIZE\tOLDEST")
	for _, q := range all.Queues {
		oldest := "-"
		if !q.Oldest.IsZero() {
			oldest = q.Oldest.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", q.Name, q.Messages, size(q.Bytes), oldest)
	}
	return w.Flush()
}

// listMessages prints the oldest messages of a queue.
func listMessages(ctx context.Context, to *target, path string, t terminal) error {
	var all console.Messages
	if err := to.read(ctx, "GET", path+"/messages", &all); err != nil {
		return err
	}
	if len(all.Messages) == 0 {
		fmt.Fprintln(t.err, "the queue is empty")
		return nil
	}
	for _, m := range all.Messages {
		what := "record"
		if m.Function != "" {
			what = "dead letter of " + m.Function
		}
		fmt.Fprintf(t.out, "%s  %s  %s\n", m.ID, m.Sent.UTC().Format(time.RFC3339), what)
		for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
			fmt.Fprintf(t.out, "  %s: %s\n", name, m.Attributes[name])
		}
		fmt.Fprintf(t.out, "  %s\n", m.Body)
	}
	return nil
}
