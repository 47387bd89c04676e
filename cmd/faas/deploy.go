package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"triptych/faas/deploy"
	"triptych/faas/sam"
)

// deployCode makes functions what they are wanted to be.
func deployCode(ctx context.Context, args []string, t terminal) error {
	var to target
	var from template
	var wish wish
	flags := to.flags("deploy", t)
	from.flags(flags)
	wish.flags(flags)
	rest, err := from.arguments(flags, args, "deploy")
	if err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	if from.path != "" {
		if set := wish.set(flags); set != "" {
			return usageError{fmt.Errorf("deploy: --%s is for one function: say it in the template", set)}
		}
		return deployTemplate(ctx, &to, &from, t)
	}
	want, err := wish.function(flags, rest[0])
	if err != nil {
		return err
	}
	if want.Zip, err = pack(ctx, t, want.Name, rest[1], ""); err != nil {
		return err
	}
	_, err = deployAll(ctx, &to, t, []deploy.Function{want}, func(string) string { return "" })
	return err
}

// deployAll deploys functions and prints a line for each. place says where in a
// template one stands.
func deployAll(ctx context.Context, to *target, t terminal, want []deploy.Function, place func(name string) string) ([]deploy.Change, error) {
	begun := time.Now()
	changes, err := deploy.All(ctx, to.lambda(), want)
	failed := map[string]bool{}
	var errs []error
	for _, err := range each(err) {
		e, ok := errors.AsType[*deploy.Error](err)
		if !ok {
			return nil, err
		}
		failed[e.Name] = true
		err = to.explain("deploy "+e.Name, e.Err)
		if p := place(e.Name); p != "" {
			err = fmt.Errorf("%s: %w", p, err)
		}
		errs = append(errs, err)
	}
	for i, c := range changes {
		if failed[want[i].Name] {
			continue
		}
		line := c.String()
		took := time.Since(begun).Round(time.Millisecond)
		switch {
		case c.Created || slices.Contains(c.What, "code"):
			line += fmt.Sprintf(" (%s, %s)", size(int64(len(want[i].Zip.Bytes))), took)
		case len(c.What) > 0:
			line += fmt.Sprintf(" (%s)", took)
		}
		fmt.Fprintf(t.out, "%s: %s\n", want[i].Name, line)
		if c.URL != "" {
			fmt.Fprintf(t.out, "%s: %s\n", want[i].Name, c.URL)
		}
	}
	return changes, errors.Join(distinct(errs)...)
}

// each are the errors that were joined.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// distinct leaves out what was said already: that there is no runner, once for
// each function.
func distinct(errs []error) []error {
	seen := map[string]bool{}
	var some []error
	for _, err := range errs {
		if !seen[err.Error()] {
			seen[err.Error()] = true
			some = append(some, err)
		}
	}
	return some
}

func deployTemplate(ctx context.Context, to *target, from *template, t terminal) error {
	if from.back {
		return goBack(ctx, to, from, t)
	}
	m, zips, err := from.load(ctx, t, "")
	if err != nil {
		return err
	}
	stack := from.stack
	if stack == "" {
		dir, err := filepath.Abs(filepath.Dir(from.path))
		if err != nil {
			return err
		}
		stack = filepath.Base(dir)
	}
	var want []deploy.Function
	lines := map[string]int{}
	for i, f := range m.Functions {
		want = append(want, deploy.FromTemplate(f, zips[i], stack))
		if from.allAtOnce {
			want[i].Gradual = nil
		}
		lines[f.Name] = f.Line
	}
	place := func(name string) string { return fmt.Sprintf("%s:%d", from.path, lines[name]) }
	changes, err := deployAll(ctx, to, t, want, place)
	if err != nil {
		return err
	}
	var shifts []*deploy.Shift
	urls := map[string]string{} // by logical id
	for i, c := range changes {
		if c.Shift != nil {
			shifts = append(shifts, c.Shift)
		}
		urls[m.Functions[i].ID] = c.URL
	}
	if err := shift(ctx, to, from, t, shifts); err != nil {
		return err
	}
	if err := mapTopics(ctx, to, from, t, m, stack); err != nil {
		return err
	}
	if err := leftover(ctx, to, t, stack, want, from.prune); err != nil {
		return err
	}
	return printOutputs(t, m, urls)
}

// leftover removes what the stack has and the template does not, if that is
// wanted, and otherwise tells of it: a function that calls still come for is
// not removed because somebody has renamed it.
func leftover(ctx context.Context, to *target, t terminal, stack string, want []deploy.Function, prune bool) error {
	names, err := deploy.Leftover(ctx, to.lambda(), stack, want)
	if err != nil {
		return to.explain("look for what the template no longer has", err)
	}
	for _, name := range names {
		if !prune {
			fmt.Fprintf(t.out, "%s: left as it is, though the template has it no longer; --prune removes it\n", name)
			continue
		}
		if _, err := to.lambda().DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &name}); err != nil {
			return to.explain("remove "+name, err)
		}
		fmt.Fprintf(t.out, "%s: removed\n", name)
	}
	return nil
}

// printOutputs prints what a template has to say, whose functions have these URLs.
func printOutputs(t terminal, m *sam.Template, urls map[string]string) error {
	if len(m.Outputs) == 0 {
		return nil
	}
	w := table(t)
	for _, o := range m.Outputs {
		fmt.Fprintf(w, "%s\t%s\t%s\n", o.Name, o.Value(func(id string) string { return urls[id] }), o.Description)
	}
	return w.Flush()
}
