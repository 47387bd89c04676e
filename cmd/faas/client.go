package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/function"
)

// A target is which runner a command talks to.
type target struct {
	endpoint string
	getenv   func(string) string
}

func (t *target) flag(flags *flag.FlagSet, getenv func(string) string) {
	t.getenv = getenv
	flags.StringVar(&t.endpoint, "endpoint", cmp.Or(getenv("AWS_ENDPOINT_URL_LAMBDA"), "http://127.0.0.1:9000"), "")
}

// client is the official one; the runner takes any key unless it was given one.
func (t *target) client() *lambda.Client {
	return lambda.New(lambda.Options{
		Region:       function.Region,
		BaseEndpoint: &t.endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(
			cmp.Or(t.getenv("AWS_ACCESS_KEY_ID"), "local"), cmp.Or(t.getenv("AWS_SECRET_ACCESS_KEY"), "local"), t.getenv("AWS_SESSION_TOKEN")),
		RetryMaxAttempts: 1,
	})
}

// invoke runs a function and prints its answer.
func invoke(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := flag.NewFlagSet("invoke", flag.ContinueOnError)
	to.flag(flags, t.getenv)
	rest, err := parse(flags, args, 1, 2, "invoke NAME [EVENT]")
	if err != nil {
		return err
	}
	event := []byte("{}")
	if len(rest) == 2 {
		if event, err = readEvent(rest[1], t.in); err != nil {
			return err
		}
	}
	out, err := to.client().Invoke(ctx, &lambda.InvokeInput{FunctionName: &rest[0], Payload: event, LogType: types.LogTypeTail})
	if err != nil {
		return fmt.Errorf("invoke %s: %w", rest[0], err)
	}
	fmt.Fprintf(t.out, "%s\n", out.Payload)
	if out.FunctionError != nil {
		return fmt.Errorf("%s failed: %s", rest[0], *out.FunctionError)
	}
	return nil
}

func readEvent(arg string, in io.Reader) ([]byte, error) {
	event := []byte(arg)
	if arg == "-" {
		var err error
		if event, err = io.ReadAll(in); err != nil {
			return nil, err
		}
	}
	if !json.Valid(event) {
		return nil, usageError{fmt.Errorf("the event is not JSON: %s", event)}
	}
	return event, nil
}

// list prints the functions.
func list(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := flag.NewFlagSet("list", flag.ContinueOnError)
	to.flag(flags, t.getenv)
	if _, err := parse(flags, args, 0, 0, "list"); err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tMEMORY\tTIMEOUT\tCODE\tCHANGED")
	pages := lambda.NewListFunctionsPaginator(to.client(), &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
		for _, f := range page.Functions {
			fmt.Fprintf(w, "%s\t%d MB\t%d s\t%d KB\t%s\n", *f.FunctionName, *f.MemorySize, *f.Timeout, f.CodeSize>>10, *f.LastModified)
		}
	}
	return w.Flush()
}

// remove removes functions.
func remove(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := flag.NewFlagSet("rm", flag.ContinueOnError)
	to.flag(flags, t.getenv)
	names, err := parse(flags, args, 1, 1000, "rm NAME...")
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := to.client().DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &name}); err != nil {
			return fmt.Errorf("rm %s: %w", name, err)
		}
	}
	return nil
}

// deploy puts a zip file there as a function.
func deploy(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := flag.NewFlagSet("deploy", flag.ContinueOnError)
	to.flag(flags, t.getenv)
	rest, err := parse(flags, args, 2, 2, "deploy NAME FOLDER")
	if err != nil {
		return err
	}
	zip, err := os.ReadFile(rest[1])
	if err != nil {
		return err
	}
	_, err = to.client().CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &rest[0],
		Code:         &types.FunctionCode{ZipFile: zip},
		Runtime:      types.RuntimeProvidedal2023,
		Handler:      aws.String("bootstrap"),
		Role:         aws.String("arn:aws:iam::" + function.Account + ":role/" + rest[0]),
	})
	if err != nil {
		return fmt.Errorf("deploy %s: %w", rest[0], err)
	}
	return nil
}
