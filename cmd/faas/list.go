package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// list prints the functions.
func list(ctx context.Context, args []string, t terminal) error {
	var to target
	if _, err := parse(to.flags("list", t), args, 0, 0, "list"); err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	w := table(t)
	fmt.Fprintln(w, "NAME\tMEMORY\tTIMEOUT\tCODE\tCHANGED")
	n := 0
	pages := lambda.NewListFunctionsPaginator(to.lambda(), &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return to.explain("list", err)
		}
		for _, f := range page.Functions {
			n++
			fmt.Fprintf(w, "%s\t%d MB\t%d s\t%s\t%s\n", *f.FunctionName, aws.ToInt32(f.MemorySize), aws.ToInt32(f.Timeout), size(f.CodeSize), changed(f.LastModified))
		}
	}
	if n == 0 {
		fmt.Fprintln(t.err, "there are no functions yet: faas deploy NAME FOLDER makes one")
		return nil
	}
	return w.Flush()
}

// table lines up columns that tabs separate.
func table(t terminal) *tabwriter.Writer { return tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0) }

// size writes a number of bytes.
func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KB", (bytes+1<<10-1)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

// changed writes a time of Lambda's in a form that sorts and that people read.
func changed(s *string) string {
	at, err := time.Parse("2006-01-02T15:04:05.000-0700", aws.ToString(s))
	if err != nil {
		return aws.ToString(s)
	}
	return at.UTC().Format("2006-01-02T15:04:05Z")
}

// remove removes functions.
func remove(ctx context.Context, args []string, t terminal) error {
	var to target
	names, err := parse(to.flags("rm", t), args, 1, 1000, "rm NAME...")
	if err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if _, err := to.lambda().DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &name}); err != nil {
			errs = append(errs, to.explain("rm "+name, err))
			continue
		}
		fmt.Fprintf(t.out, "%s: removed\n", name)
	}
	return errors.Join(errs...)
}
