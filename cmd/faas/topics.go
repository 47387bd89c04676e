package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"triptych/faas/console"
	"triptych/faas/deploy"
	"triptych/faas/sam"
)

// topics shows which topics wake which functions, and how far they have been read.
func topics(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := to.flags("topics", t)
	del := flags.String("delete", "", "")
	if _, err := parse(flags, args, 0, 0, "topics [--delete ID]"); err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	if *del != "" {
		if _, err := to.lambda().DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: del}); err != nil {
			return to.explain("topics --delete "+*del, err)
		}
		fmt.Fprintf(t.out, "%s: removed\n", *del)
		return nil
	}
	return to.explain("topics", listTopics(ctx, &to, t))
}

func listTopics(ctx context.Context, to *target, t terminal) error {
	var all console.Topics
	if err := to.read(ctx, "GET", "/_/topics", &all); err != nil {
		return err
	}
	if len(all.Topics) == 0 {
		fmt.Fprintln(t.err, "no topic wakes a function yet: an event of type SelfManagedKafka in a template has one do it")
		return nil
	}
	w := table(t)
	fmt.Fprintln(w, "TOPIC\tFUNCTION\tSTATE\tLAG\tID\tLAST RESULT")
	for _, m := range all.Topics {
		_, name, _ := strings.Cut(m.Function, ":function:")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Topic, name, m.State, lag(m.Partitions), m.ID, m.Result)
	}
	return w.Flush()
}

// lag writes how many records are not done, and of which partitions when there
// are any.
func lag(partitions []console.Partition) string {
	var sum int64
	var behind []string
	for _, p := range partitions {
		sum += p.Lag
		if p.Lag > 0 {
			behind = append(behind, fmt.Sprintf("%d: %d", p.ID, p.Lag))
		}
	}
	switch {
	case len(partitions) == 0:
		return "-"
	case sum == 0:
		return "0"
	}
	return fmt.Sprintf("%d (%s)", sum, strings.Join(behind, ", "))
}

// mapTopics has the topics of a template's events wake its functions, and those
// that it no longer has wake them no longer.
func mapTopics(ctx context.Context, to *target, from *template, t terminal, m *sam.Template, stack string) error {
	var want []deploy.Topic
	names := map[string]bool{}
	for _, f := range m.Functions {
		want = append(want, deploy.TopicsOf(f)...)
		names[f.Name] = true
	}
	changes, err := deploy.Topics(ctx, to.lambda(), stack, want, func(name string) bool { return from.prune || names[name] })
	for _, c := range changes {
		fmt.Fprintf(t.out, "%s: topic %s: %s\n", c.Function, c.Topic, c.What)
		if c.Problem != "" {
			fmt.Fprintf(t.err, "%s: topic %s: %s\n", c.Function, c.Topic, c.Problem)
		}
	}
	var errs []error
	for _, err := range each(err) {
		if e, ok := errors.AsType[*deploy.TopicError](err); ok {
			err = fmt.Errorf("%s:%d: %w", from.path, e.Line, to.explain(fmt.Sprintf("give the topic %s to %s", e.Name, e.Function), e.Err))
		} else {
			err = to.explain("map topics", err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
