package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/deploy"
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
	fmt.Fprintln(w, "NAME\tMEMORY\tTIMEOUT\tCODE\tCHANGED\tURL")
	n := 0
	pages := lambda.NewListFunctionsPaginator(to.lambda(), &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return to.explain("list", err)
		}
		for _, f := range page.Functions {
			n++
			urls, err := addresses(ctx, to.lambda(), *f.FunctionName)
			if err != nil {
				return to.explain("list", err)
			}
			fmt.Fprintf(w, "%s\t%d MB\t%d s\t%s\t%s\t%s\n", *f.FunctionName, aws.ToInt32(f.MemorySize), aws.ToInt32(f.Timeout), size(f.CodeSize), changed(f.LastModified), urls)
		}
	}
	if n == 0 {
		fmt.Fprintln(t.err, "there are no functions yet: faas deploy NAME FOLDER makes one")
		return nil
	}
	return w.Flush()
}

// addresses are where a function and its aliases answer HTTP. It may have been
// removed by now.
func addresses(ctx context.Context, client *lambda.Client, name string) (string, error) {
	all, err := deploy.URLs(ctx, client, name)
	if _, gone := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !gone {
		return "", err
	}
	var urls []string
	for _, u := range all {
		urls = append(urls, aws.ToString(u.FunctionUrl))
	}
	if len(urls) == 0 {
		return "-", nil
	}
	return strings.Join(urls, " "), nil
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
