package api_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"triptych/faas/api"
	"triptych/internal/waittest"
)

// TestReserved sets aside concurrency, of 200 of which 20 must be left.
func TestReserved(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a")
	s.must("b")
	put := func(name string, n int32) error {
		_, err := s.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: &n})
		return err
	}
	get := func(name string) int32 {
		out, err := s.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &name})
		ok(t, err)
		if out.ReservedConcurrentExecutions == nil {
			return -1
		}
		return *out.ReservedConcurrentExecutions
	}
	if n := get("a"); n != -1 {
		t.Errorf("nothing reserved: %d", n)
	}
	ok(t, put("a", 100))
	ok(t, put("b", 80))
	failed(t, put("b", 81), "InvalidParameterValueException", "below its minimum value of [20]")
	failed(t, put("c", 1), "ResourceNotFoundException", "c")
	failed(t, put("a", -1), "InvalidParameterValueException", "number from 0")
	account, err := s.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	ok(t, err)
	if l := account.AccountLimit; l.ConcurrentExecutions != 200 || *l.UnreservedConcurrentExecutions != 20 || account.AccountUsage.FunctionCount != 2 || account.AccountUsage.TotalCodeSize == 0 {
		t.Errorf("account: %+v, %+v", account.AccountLimit, account.AccountUsage)
	}
	ok(t, put("a", 0))
	_, err = s.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("a")})
	if e, typed := errors.AsType[*types.TooManyRequestsException](err); !typed || e.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || e.RetryAfterSeconds == nil {
		t.Errorf("a function with nothing reserved: %v", err)
	}
	got, err := s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("a")})
	ok(t, err)
	if *got.Concurrency.ReservedConcurrentExecutions != 0 {
		t.Errorf("the function says %d", *got.Concurrency.ReservedConcurrentExecutions)
	}
	_, err = s.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: aws.String("a")})
	ok(t, err)
	if n := get("a"); n != -1 {
		t.Errorf("nothing reserved any more: %d", n)
	}
	s.answer("a", "")
}

// TestProvisioned keeps instances initialised, and says when they are.
func TestProvisioned(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	a := aws.String("a")
	s.must("a", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	put := func(qualifier string, n int32) (*lambda.PutProvisionedConcurrencyConfigOutput, error) {
		return s.PutProvisionedConcurrencyConfig(ctx, &lambda.PutProvisionedConcurrencyConfigInput{FunctionName: a, Qualifier: &qualifier, ProvisionedConcurrentExecutions: &n})
	}
	get := func(qualifier string) (*lambda.GetProvisionedConcurrencyConfigOutput, error) {
		return s.GetProvisionedConcurrencyConfig(ctx, &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: a, Qualifier: &qualifier})
	}
	_, err := get("1")
	failed(t, err, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
	if _, typed := errors.AsType[*types.ProvisionedConcurrencyConfigNotFoundException](err); !typed {
		t.Errorf("the client did not recognise %v", err)
	}
	_, err = put("$LATEST", 1)
	failed(t, err, "InvalidParameterValueException", "unpublished")
	_, err = put("7", 1)
	failed(t, err, "ResourceNotFoundException", "a:7")
	_, err = put("1", 181)
	failed(t, err, "InvalidParameterValueException", "below its minimum value of [20]")
	_, err = put("1", 0)
	failed(t, err, "InvalidParameterValueException", "number from 1")

	_, err = s.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: a, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	ok(t, err)
	out, err := put("live", 2)
	ok(t, err)
	if *out.RequestedProvisionedConcurrentExecutions != 2 || out.LastModified == nil || (out.Status == types.ProvisionedConcurrencyStatusEnumReady) != (*out.AllocatedProvisionedConcurrentExecutions == 2) {
		t.Errorf("%+v", out)
	}
	waittest.Until(t, "two instances are initialised", func() bool {
		out, err := get("live")
		ok(t, err)
		n := *out.AllocatedProvisionedConcurrentExecutions
		if (n == 2) != (out.Status == types.ProvisionedConcurrencyStatusEnumReady) || n > 2 {
			t.Fatalf("%d of 2 are %s", n, out.Status)
		}
		return n == 2
	})
	_, err = put("1", 1)
	failed(t, err, "ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias")
	_, err = s.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: a, ReservedConcurrentExecutions: aws.Int32(1)})
	failed(t, err, "InvalidParameterValueException", "[2]")
	_, err = s.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: a, Name: aws.String("live"), FunctionVersion: aws.String("$LATEST")})
	failed(t, err, "InvalidParameterValueException", "unpublished")
	list, err := s.ListProvisionedConcurrencyConfigs(ctx, &lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: a})
	ok(t, err)
	if l := list.ProvisionedConcurrencyConfigs; len(l) != 1 || !strings.HasSuffix(*l[0].FunctionArn, ":a:live") {
		t.Errorf("list: %+v", l)
	}
	_, err = s.DeleteProvisionedConcurrencyConfig(ctx, &lambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: a, Qualifier: aws.String("live")})
	ok(t, err)
	_, err = get("live")
	failed(t, err, "ProvisionedConcurrencyConfigNotFoundException", "")
	_, err = put("1", 1)
	ok(t, err)
	_, err = s.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: a, ReservedConcurrentExecutions: aws.Int32(2)})
	ok(t, err)
	_, err = put("1", 3)
	failed(t, err, "InvalidParameterValueException", "greater than the reservedConcurrentExecution")
	_, err = put("1", 2)
	ok(t, err)
	s.must("b", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	_, err = s.PutProvisionedConcurrencyConfig(ctx, &lambda.PutProvisionedConcurrencyConfigInput{FunctionName: aws.String("b"), Qualifier: aws.String("1"), ProvisionedConcurrentExecutions: aws.Int32(179)})
	failed(t, err, "InvalidParameterValueException", "below its minimum value of [20]") // 2 of 200 are reserved
	_, err = put("live", 1)
	failed(t, err, "ResourceConflictException", "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
}

func TestEventInvokeConfig(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	a := aws.String("a")
	s.must("a")
	s.publish("a")
	const queue = "arn:aws:sqs:us-east-1:000000000000:failures"
	get := func() (*lambda.GetFunctionEventInvokeConfigOutput, error) {
		return s.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: a})
	}
	_, err := get()
	failed(t, err, "ResourceNotFoundException", "The function arn:aws:lambda:us-east-1:000000000000:function:a:$LATEST doesn't have an EventInvokeConfig")
	_, err = s.UpdateFunctionEventInvokeConfig(ctx, &lambda.UpdateFunctionEventInvokeConfigInput{FunctionName: a, MaximumRetryAttempts: aws.Int32(1)})
	failed(t, err, "ResourceNotFoundException", "doesn't have an EventInvokeConfig")
	put := func(in lambda.PutFunctionEventInvokeConfigInput) error {
		in.FunctionName = a
		_, err := s.PutFunctionEventInvokeConfig(ctx, &in)
		return err
	}
	failed(t, put(lambda.PutFunctionEventInvokeConfigInput{}), "InvalidParameterValueException", "at least one")
	failed(t, put(lambda.PutFunctionEventInvokeConfigInput{MaximumRetryAttempts: aws.Int32(3)}), "InvalidParameterValueException", "from 0 to 2")
	failed(t, put(lambda.PutFunctionEventInvokeConfigInput{MaximumEventAgeInSeconds: aws.Int32(59)}), "InvalidParameterValueException", "from 60 to 21600")
	to := func(arn string) *types.DestinationConfig {
		return &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &arn}}
	}
	failed(t, put(lambda.PutFunctionEventInvokeConfigInput{DestinationConfig: to("arn:aws:sns:us-east-1:000000000000:topic")}), "InvalidParameterValueException", "sns")
	failed(t, put(lambda.PutFunctionEventInvokeConfigInput{DestinationConfig: to("arn:aws:lambda:us-east-1:000000000000:function:a")}), "InvalidParameterValueException", "for itself")
	ok(t, put(lambda.PutFunctionEventInvokeConfigInput{MaximumEventAgeInSeconds: aws.Int32(60), DestinationConfig: to(queue)}))
	updated, err := s.UpdateFunctionEventInvokeConfig(ctx, &lambda.UpdateFunctionEventInvokeConfigInput{FunctionName: a, MaximumRetryAttempts: aws.Int32(0)})
	ok(t, err)
	got, err := get()
	ok(t, err)
	if *got.MaximumEventAgeInSeconds != 60 || *got.MaximumRetryAttempts != 0 || *got.DestinationConfig.OnFailure.Destination != queue ||
		!strings.HasSuffix(*got.FunctionArn, ":a:$LATEST") || !got.LastModified.Equal(*updated.LastModified) {
		t.Errorf("got %+v", got)
	}
	_, err = s.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: a, Qualifier: aws.String("2"), MaximumRetryAttempts: aws.Int32(0)})
	failed(t, err, "ResourceNotFoundException", "a:2")
	_, err = s.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: a, Qualifier: aws.String("1"), MaximumRetryAttempts: aws.Int32(0)})
	ok(t, err)
	var names []string
	pages := lambda.NewListFunctionEventInvokeConfigsPaginator(s, &lambda.ListFunctionEventInvokeConfigsInput{FunctionName: a, MaxItems: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		ok(t, err)
		for _, c := range page.FunctionEventInvokeConfigs {
			names = append(names, (*c.FunctionArn)[len("arn:aws:lambda:us-east-1:000000000000:function:"):])
		}
	}
	if diff := cmp.Diff([]string{"a:$LATEST", "a:1"}, names); diff != "" {
		t.Errorf("configs (-want +got):\n%s", diff)
	}
	_, err = s.DeleteFunctionEventInvokeConfig(ctx, &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: a})
	ok(t, err)
	_, err = get()
	failed(t, err, "ResourceNotFoundException", "")
}

func TestRecursionAndTags(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	a, arn := aws.String("a"), aws.String("arn:aws:lambda:us-east-1:000000000000:function:a")
	s.must("a")
	got, err := s.GetFunctionRecursionConfig(ctx, &lambda.GetFunctionRecursionConfigInput{FunctionName: a})
	ok(t, err)
	if got.RecursiveLoop != types.RecursiveLoopTerminate {
		t.Errorf("recursion: %s", got.RecursiveLoop)
	}
	put, err := s.PutFunctionRecursionConfig(ctx, &lambda.PutFunctionRecursionConfigInput{FunctionName: a, RecursiveLoop: types.RecursiveLoopAllow})
	ok(t, err)
	if put.RecursiveLoop != types.RecursiveLoopAllow {
		t.Errorf("recursion: %s", put.RecursiveLoop)
	}
	_, err = s.PutFunctionRecursionConfig(ctx, &lambda.PutFunctionRecursionConfigInput{FunctionName: a, RecursiveLoop: "Perhaps"})
	failed(t, err, "InvalidParameterValueException", "Allow or Terminate")

	tag := func(tags map[string]string) error {
		_, err := s.TagResource(ctx, &lambda.TagResourceInput{Resource: arn, Tags: tags})
		return err
	}
	before, err := s.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: a})
	ok(t, err)
	ok(t, tag(map[string]string{"x": "1", "y z/:": "2"}))
	ok(t, tag(map[string]string{"runner:keep-alive": "1s", "runner:may-invoke": "b c"}))
	failed(t, tag(map[string]string{"runner:keep-alive": "soon"}), "InvalidParameterValueException", "duration")
	failed(t, tag(map[string]string{"runner:other": "1"}), "InvalidParameterValueException", "not one the runner knows")
	failed(t, tag(map[string]string{"runner:isolation": "perfect"}), "InvalidParameterValueException", "perfect")
	failed(t, tag(map[string]string{"aws:x": "1"}), "InvalidParameterValueException", "aws:")
	failed(t, tag(map[string]string{"x": strings.Repeat("v", 257)}), "InvalidParameterValueException", "256")
	after, err := s.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: a})
	ok(t, err)
	if *before.RevisionId == *after.RevisionId {
		t.Error("a tag that changes how the function is run has not changed its revision")
	}
	f, err := s.runner.Registry.Get("a")
	ok(t, err)
	if diff := cmp.Diff([]string{"b", "c"}, f.MayInvoke); diff != "" {
		t.Errorf("may invoke (-want +got):\n%s", diff)
	}
	_, err = s.UntagResource(ctx, &lambda.UntagResourceInput{Resource: arn, TagKeys: []string{"x", "runner:may-invoke", "never was"}})
	ok(t, err)
	list, err := s.ListTags(ctx, &lambda.ListTagsInput{Resource: arn})
	ok(t, err)
	if diff := cmp.Diff(map[string]string{"y z/:": "2", "runner:keep-alive": "1s"}, list.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	_, err = s.ListTags(ctx, &lambda.ListTagsInput{Resource: aws.String(*arn + ":1")})
	failed(t, err, "InvalidParameterValueException", "Please specify a function ARN")
}
