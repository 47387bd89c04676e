package deploy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"triptych/faas/build"
	"triptych/faas/function"
	"triptych/faas/sam"
)

// TagStack is the tag that says which stack a function belongs to: those that
// were deployed together.
const TagStack = "stack"

// FromTemplate is what a template says of one function, whose code is built. A
// function without Policies may invoke none, as on AWS.
func FromTemplate(t sam.Function, zip build.Zip, stack string) Function {
	f := Function{
		Name:               t.Name,
		Zip:                zip,
		Description:        &t.Description,
		Runtime:            &t.Runtime,
		Handler:            &t.Handler,
		Memory:             &t.MemorySize,
		TmpSize:            &t.EphemeralStorage,
		Timeout:            &t.Timeout,
		Env:                map[string]string{},
		DeadLetter:         new(string),
		Tracing:            aws.String(cmp.Or(t.Tracing, "PassThrough")),
		Arch:               t.Architecture,
		Tags:               map[string]string{},
		Reserved:           t.Reserved,
		Recursion:          aws.String(cmp.Or(t.RecursiveLoop, "Terminate")),
		Alias:              t.AutoPublishAlias,
		Gradual:            (*Gradual)(t.DeploymentPreference),
		VersionDescription: t.VersionDescription,
		Provisioned:        t.Provisioned,
		Exact:              true,
	}
	maps.Copy(f.Env, t.Environment)
	maps.Copy(f.Tags, t.Tags)
	maps.Copy(f.Tags, t.Runner.Tags())
	f.Tags[TagStack] = stack
	f.Tags[function.TagMayInvoke] = strings.Join(t.MayInvoke, " ")
	if t.DeadLetter != nil {
		*f.DeadLetter = t.DeadLetter.TargetARN
	}
	if t.Async != (sam.AsyncConfig{}) {
		f.Async = &Async{t.Async.MaximumRetryAttempts, t.Async.MaximumEventAgeInSeconds, t.Async.OnSuccess, t.Async.OnFailure}
	}
	if u := t.URL; u != nil {
		f.URL = &URL{Auth: u.AuthType, Mode: u.InvokeMode, Cors: (*Cors)(u.Cors)}
	}
	return f
}

// Leftover returns the functions of a stack that are not wanted any more.
func Leftover(ctx context.Context, client *lambda.Client, stack string, wanted []Function) ([]string, error) {
	var names []string
	pages := lambda.NewListFunctionsPaginator(client, &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the functions: %w", err)
		}
		for _, f := range page.Functions {
			if slices.ContainsFunc(wanted, func(w Function) bool { return w.Name == *f.FunctionName }) {
				continue
			}
			tags, err := client.ListTags(ctx, &lambda.ListTagsInput{Resource: f.FunctionArn})
			if missing(err) {
				continue // somebody has removed it
			}
			if err != nil {
				return nil, fmt.Errorf("read the tags of %s: %w", *f.FunctionName, err)
			}
			if tags.Tags[TagStack] == stack {
				names = append(names, *f.FunctionName)
			}
		}
	}
	return names, nil
}
