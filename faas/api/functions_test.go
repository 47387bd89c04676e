package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"triptych/faas/api"
)

// answer runs a function and reads what echo says.
func (s *served) answer(name, qualifier string) (out struct{ Version, Greeting, Code string }) {
	s.t.Helper()
	in := &lambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"a":1}`)}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	res, err := s.Invoke(s.t.Context(), in)
	ok(s.t, err)
	if res.FunctionError != nil {
		s.t.Fatalf("%s: %s", *res.FunctionError, res.Payload)
	}
	ok(s.t, json.Unmarshal(res.Payload, &out))
	return out
}

// TestLife creates a function, changes it, runs it and removes it.
func TestLife(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	created, err := s.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("greet"), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String("arn:aws:iam::000000000000:role/r"), Description: aws.String("says hello"),
		Code: &types.FunctionCode{ZipFile: program(t, "one")}, MemorySize: aws.Int32(256), Timeout: aws.Int32(10),
		Environment: &types.Environment{Variables: map[string]string{"GREETING": "hello"}}, Tags: map[string]string{"team": "a"},
	})
	ok(t, err)
	if created.State != types.StatePending || created.StateReasonCode != types.StateReasonCodeCreating || *created.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:greet" {
		t.Errorf("created as %s (%s), %s", created.State, created.StateReasonCode, *created.FunctionArn)
	}
	exists := lambda.NewFunctionExistsWaiter(s)
	ok(t, exists.Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("greet")}, time.Minute))
	s.active("greet")
	got, err := s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: created.FunctionArn})
	ok(t, err)
	c := got.Configuration
	if c.State != types.StateActive || c.LastUpdateStatus != types.LastUpdateStatusSuccessful || *c.MemorySize != 256 || *c.Timeout != 10 ||
		*c.CodeSha256 != *created.CodeSha256 || *c.RevisionId != *created.RevisionId || got.Tags["team"] != "a" || *c.Description != "says hello" {
		t.Errorf("got %+v", c)
	}
	if a := s.answer("greet", ""); a.Version != "$LATEST" || a.Greeting != "hello" || a.Code != "one" {
		t.Errorf("answered %+v", a)
	}

	out, err := s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("greet"), ZipFile: program(t, "two"), RevisionId: created.RevisionId})
	ok(t, err)
	if out.LastUpdateStatus != types.LastUpdateStatusInProgress || out.State != types.StateActive {
		t.Errorf("updated as %s, %s", out.LastUpdateStatus, out.State)
	}
	s.updated("greet")
	_, err = s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("greet"), ZipFile: program(t, "two")}) // the same again
	ok(t, err)
	s.updated("greet")
	_, err = s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("greet"), Environment: &types.Environment{Variables: map[string]string{"GREETING": "bye"}}})
	ok(t, err)
	s.updated("greet")
	if a := s.answer("greet", ""); a.Greeting != "bye" || a.Code != "two" {
		t.Errorf("answered %+v", a)
	}
	_, err = s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("greet"), ZipFile: program(t, "three"), RevisionId: created.RevisionId})
	failed(t, err, "PreconditionFailedException", "Revision Id")
	_, err = s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("greet"), RevisionId: created.RevisionId})
	failed(t, err, "PreconditionFailedException", "Revision Id")

	_, err = s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("greet")})
	ok(t, err)
	_, err = s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("greet")})
	failed(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:greet")
	if _, typed := errors.AsType[*types.ResourceNotFoundException](err); !typed {
		t.Errorf("the client did not recognise %v", err)
	}
	_, err = s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("greet")})
	failed(t, err, "ResourceNotFoundException", "greet")
}

// TestDryRun changes nothing.
func TestDryRun(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a")
	before, err := s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("a")})
	ok(t, err)
	out, err := s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("a"), ZipFile: program(t, "two"), DryRun: true, Publish: true})
	ok(t, err)
	if *out.CodeSha256 == *before.Configuration.CodeSha256 {
		t.Error("a dry run does not tell the digest of its code")
	}
	after, err := s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("a")})
	ok(t, err)
	if *after.Configuration.CodeSha256 != *before.Configuration.CodeSha256 || *after.Configuration.RevisionId != *before.Configuration.RevisionId {
		t.Error("a dry run has changed the function")
	}
	_, err = s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("a"), ZipFile: []byte("no zip"), DryRun: true})
	failed(t, err, "InvalidParameterValueException", "not a zip file")
	res, err := s.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("a"), InvocationType: types.InvocationTypeDryRun})
	ok(t, err)
	if res.StatusCode != http.StatusNoContent {
		t.Errorf("a dry run of a call answered %d", res.StatusCode)
	}
}

// TestPages lists more than fits a page, while functions come and go.
func TestPages(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	var want []string
	for i := range 7 {
		name := fmt.Sprintf("f%d", i)
		s.must(name)
		want = append(want, name)
	}
	var got []string
	pages := lambda.NewListFunctionsPaginator(s, &lambda.ListFunctionsInput{MaxItems: aws.Int32(3)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		ok(t, err)
		for _, f := range page.Functions {
			got = append(got, *f.FunctionName)
			if f.State != "" || f.LastUpdateStatus != "" {
				t.Errorf("the list says how far %s is: Lambda's does not", *f.FunctionName)
			}
		}
		if len(got) == 3 { // what the marker names is gone when it is used
			_, err := s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("f2")})
			ok(t, err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	s.publish("f0")
	all, err := s.ListFunctions(ctx, &lambda.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	ok(t, err)
	if n := len(all.Functions); n != 7 || !strings.HasSuffix(*all.Functions[0].FunctionArn, ":f0:$LATEST") || !strings.HasSuffix(*all.Functions[1].FunctionArn, ":f0:1") {
		t.Errorf("%d versions, first %s, %s", n, *all.Functions[0].FunctionArn, *all.Functions[1].FunctionArn)
	}
	for _, query := range []string{"MaxItems=0", "MaxItems=x", "Marker=%25", "FunctionVersion=SOME"} {
		if res, body := s.call("GET", "/2015-03-31/functions?"+query, ""); res.StatusCode != 400 {
			t.Errorf("%s: %d %s", query, res.StatusCode, body)
		}
	}
}

// TestCodeLocation follows the link that GetFunction gives.
func TestCodeLocation(t *testing.T) {
	now := time.Now()
	s := serve(t, api.Options{Now: func() time.Time { return now }})
	s.must("a")
	got, err := s.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("a")})
	ok(t, err)
	link := strings.TrimPrefix(*got.Code.Location, s.url)
	res, body := s.call("GET", link, "")
	if res.StatusCode != 200 || !slices.Equal([]byte(body), program(t, "one")) {
		t.Errorf("%d, %d bytes", res.StatusCode, len(body))
	}
	digest, _, _ := strings.Cut(link, "?")
	for _, bad := range []string{digest, link[:len(link)-1] + "x", strings.Replace(link, "Expires=", "Expires=1", 1), "/_/code/zz"} {
		if res, body := s.call("GET", bad, ""); res.StatusCode != 403 {
			t.Errorf("%s: %d %s", bad, res.StatusCode, body)
		}
	}
	now = now.Add(11 * time.Minute)
	if res, _ := s.call("GET", link, ""); res.StatusCode != 403 {
		t.Errorf("a link that has expired: %d", res.StatusCode)
	}
}

// TestNames calls a function by every form of its name.
func TestNames(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	s.publish("a")
	const one = "/2015-03-31/functions/"
	for _, name := range []string{
		"a", "a:1", "a:$LATEST", "a%3A1", "000000000000:function:a", "arn:aws:lambda:us-east-1:000000000000:function:a",
		"arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aa%3A1", "a?Qualifier=1", "a:1?Qualifier=1",
	} {
		path, query, found := strings.Cut(name, "?")
		if found {
			query = "?" + query
		}
		if res, body := s.call("GET", one+path+"/configuration"+query, ""); res.StatusCode != 200 {
			t.Errorf("%s: %d %s", name, res.StatusCode, body)
		}
	}
	for name, want := range map[string]int{
		"a:2": 404, "b": 404, "a:1?Qualifier=2": 400, "a%2Fb": 400, "a%00": 400, strings.Repeat("a", 65): 400, "a%20": 400,
		"arn:aws:s3:::bucket": 400, "%E2%82%AC": 400, "..%2F..%2Fetc": 400,
	} {
		path, query, _ := strings.Cut(name, "?")
		if res, body := s.call("GET", one+path+"/configuration?"+query, ""); res.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, body, want)
		}
	}
	if res, _ := s.call("GET", one, ""); res.StatusCode != 200 { // as older clients write it
		t.Errorf("the list, with a slash at its end: %d", res.StatusCode)
	}
	// The emulator's name for whatever function there is.
	if res, body := s.call("POST", one+"function/invocations", "{}"); res.StatusCode != 200 {
		t.Errorf("the emulator's name: %d %s", res.StatusCode, body)
	}
	s.must("b")
	if res, body := s.call("POST", one+"function/invocations", "{}"); res.StatusCode != 404 {
		t.Errorf("the emulator's name with two functions: %d %s", res.StatusCode, body)
	}
}
