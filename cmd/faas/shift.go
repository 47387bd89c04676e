package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"triptych/faas/deploy"
	"triptych/faas/sam"
)

// shift has aliases go over to new versions bit by bit, as the template says,
// and prints each step. It may take long; whoever interrupts it leaves the
// aliases as they are, and is told how to go on.
func shift(ctx context.Context, to *target, from *template, t terminal, shifts []*deploy.Shift) error {
	if len(shifts) == 0 {
		return nil
	}
	err := deploy.Run(ctx, to.lambda(), shifts, deploy.ShiftOptions{Told: func(s deploy.Shift) { fmt.Fprintln(t.out, stepOf(s)) }})
	if err == nil {
		return nil
	}
	fmt.Fprintf(t.err, "the aliases stay as they are now: the same command goes on, and faas deploy -t %s --back goes back\n", from.path)
	if e, ok := errors.AsType[*deploy.Error](err); ok && ctx.Err() == nil {
		return to.explain("deploy "+e.Name, e.Err)
	}
	return ctx.Err()
}

// stepOf says where an alias is on its way.
func stepOf(s deploy.Shift) string {
	if s.Done() {
		return fmt.Sprintf("%s: %s is version %s", s.Function, s.Alias, s.To)
	}
	return fmt.Sprintf("%s: %s is version %s for %d %%, version %s for %d %%; more in %s", s.Function, s.Alias, s.To, s.Share, s.From, 100-s.Share, minutes(s.Interval))
}

func minutes(d time.Duration) string {
	if d == time.Minute {
		return "a minute"
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// goBack has the aliases of a template mean what they meant before a shift that
// was left in the middle.
func goBack(ctx context.Context, to *target, from *template, t terminal) error {
	m, err := sam.Load(from.path, from.parameters)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(m.Functions, func(f sam.Function) bool { return f.AutoPublishAlias != "" }) {
		return fmt.Errorf("%s has no function with an AutoPublishAlias: there is nothing to go back from", from.path)
	}
	for _, f := range m.Functions {
		if f.AutoPublishAlias == "" {
			continue
		}
		version, done, err := deploy.Back(ctx, to.lambda(), f.Name, f.AutoPublishAlias)
		switch {
		case err != nil:
			return to.explain("go back with "+f.Name, err)
		case done:
			fmt.Fprintf(t.out, "%s: %s is version %s again\n", f.Name, f.AutoPublishAlias, version)
		case version != "":
			fmt.Fprintf(t.out, "%s: %s is version %s, and nothing is taking over from it\n", f.Name, f.AutoPublishAlias, version)
		default:
			fmt.Fprintf(t.out, "%s: there is no %s yet\n", f.Name, f.AutoPublishAlias)
		}
	}
	return nil
}
