package deploy_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"triptych/faas/api"
	"triptych/faas/build"
	"triptych/faas/deploy"
	"triptych/faas/function"
	"triptych/faas/runner"
	"triptych/faas/sam"
	"triptych/faas/sandbox"
)

// serve runs a runner and returns a client of it.
func serve(t *testing.T) *lambda.Client {
	t.Helper()
	r, err := runner.Open(runner.Options{Data: t.TempDir(), Isolation: sandbox.Basic, Concurrency: 1000, KeepAlive: time.Minute, Cache: 1 << 30, Logs: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	server := httptest.NewServer(api.Handler(r, api.Options{}))
	t.Cleanup(server.Close)
	return lambda.New(lambda.Options{
		Region:       function.Region,
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// code makes the zip file of a bootstrap with that text.
func code(t *testing.T, text string) build.Zip {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	zip, err := build.Package(t.Context(), dir, build.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return zip
}

// all deploys functions, and returns what was done to each.
func all(t *testing.T, client *lambda.Client, functions ...deploy.Function) []string {
	t.Helper()
	changes, err := deploy.All(t.Context(), client, functions)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, c := range changes {
		said = append(said, c.String())
	}
	return said
}

func TestOnlyWhatDiffersIsChanged(t *testing.T) {
	client := serve(t)
	one, two := code(t, "1"), code(t, "2")
	all(t, client, deploy.Function{Name: "other", Zip: one})
	exact := func(change func(*deploy.Function)) deploy.Function {
		f := deploy.Function{Name: "f", Zip: one, Env: map[string]string{}, Memory: aws.Int(128), Exact: true,
			DeadLetter: aws.String(""), Recursion: aws.String("Terminate"), Tags: map[string]string{}}
		if change != nil {
			change(&f)
		}
		return f
	}
	for _, step := range []struct {
		name string
		want deploy.Function
		said string
	}{
		{"new", exact(nil), "created"},
		{"the same", exact(nil), "unchanged"},
		{"code", exact(func(f *deploy.Function) { f.Zip = two }), "updated: code"},
		{"code back, memory", exact(func(f *deploy.Function) { f.Memory = aws.Int(256) }), "updated: code, memory"},
		{"nothing said", deploy.Function{Name: "f", Zip: one}, "unchanged"},
		{"all there is", exact(func(f *deploy.Function) {
			f.Description, f.TmpSize, f.Env = aws.String("what"), aws.Int(1024), map[string]string{"AB": "c"}
			f.Tags = map[string]string{"runner:keep-alive": "1m", "owner": "me"}
			f.DeadLetter, f.Recursion, f.Reserved = aws.String("arn:aws:sqs:us-east-1:000000000000:lost"), aws.String("Allow"), aws.Int(5)
			f.Async = &deploy.Async{Retries: aws.Int(1), OnFailure: function.ARN("other", "")}
		}), "updated: memory, description, tmp, environment, dead letters, owner, keep-alive, reserved concurrency, recursion, event invoke configuration"},
		{"nothing said of all that", deploy.Function{Name: "f", Zip: one}, "unchanged"},
		{"none of it", exact(func(f *deploy.Function) { f.Description, f.TmpSize = aws.String(""), aws.Int(512) }),
			"updated: description, tmp, environment, dead letters, keep-alive, owner, reserved concurrency, recursion, event invoke configuration"},
		{"an alias", exact(func(f *deploy.Function) { f.Alias = "live" }), "updated: live is version 1"},
		{"the same alias", exact(func(f *deploy.Function) { f.Alias = "live" }), "unchanged"},
		{"a new version", exact(func(f *deploy.Function) { f.Alias, f.Zip = "live", two }), "updated: code, live is version 2"},
		{"instances kept ready", exact(func(f *deploy.Function) { f.Alias, f.Zip, f.Provisioned = "live", two, aws.Int(1) }), "updated: provisioned concurrency"},
		{"as many", exact(func(f *deploy.Function) { f.Alias, f.Zip, f.Provisioned = "live", two, aws.Int(1) }), "unchanged"},
		{"none", exact(func(f *deploy.Function) { f.Alias, f.Zip = "live", two }), "updated: provisioned concurrency"},
	} {
		got := all(t, client, step.want)[0]
		if sorted(got) != sorted(step.said) {
			t.Errorf("%s:\ngot  %s\nwant %s", step.name, got, step.said)
		}
	}
}

// sorted has what was changed in one order.
func sorted(change string) string {
	head, list, _ := strings.Cut(change, ": ")
	what := strings.Split(list, ", ")
	slices.Sort(what)
	return head + ": " + strings.Join(what, ", ")
}

func TestFunctionsMayNameEachOther(t *testing.T) {
	client := serve(t)
	zip := code(t, "1")
	to := func(name, other string) deploy.Function {
		return deploy.Function{Name: name, Zip: zip, Async: &deploy.Async{OnSuccess: function.ARN(other, "")}}
	}
	got := all(t, client, to("a", "b"), to("b", "a"))
	if diff := cmp.Diff([]string{"created", "created"}, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	got = all(t, client, to("a", "b"), to("b", "a"))
	if diff := cmp.Diff([]string{"unchanged", "unchanged"}, got); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
}

func TestOneThatFailsKeepsNoOtherBack(t *testing.T) {
	client := serve(t)
	zip := code(t, "1")
	changes, err := deploy.All(t.Context(), client, []deploy.Function{
		{Name: "good", Zip: zip}, {Name: "bad", Zip: zip, Memory: aws.Int(1)}, {Name: "worse", Zip: zip, Tags: map[string]string{"runner:connect": "x"}},
	})
	var names []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		one, ok := errors.AsType[*deploy.Error](e)
		if !ok {
			t.Fatal(e)
		}
		names = append(names, one.Name)
	}
	if diff := cmp.Diff([]string{"bad", "worse"}, names); diff != "" || changes[0].String() != "created" {
		t.Errorf("good was %s; failed (-want +got):\n%s", changes[0], diff)
	}
}

func TestWhatIsReservedInVainChangesNothing(t *testing.T) {
	client := serve(t)
	old := code(t, "1")
	all(t, client, deploy.Function{Name: "a", Zip: old})
	if _, err := deploy.All(t.Context(), client, []deploy.Function{{Name: "a", Zip: code(t, "2"), Reserved: aws.Int(100_000)}}); err == nil {
		t.Fatal("more is reserved than there is")
	}
	out, err := client.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("a")})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(out.Configuration.CodeSha256); got != old.Digest.Base64() {
		t.Errorf("its code is %s now, want it as it was", got)
	}
}

func TestAStackKnowsItsOwn(t *testing.T) {
	client := serve(t)
	zip := code(t, "1")
	mine := func(name, stack string) deploy.Function {
		return deploy.FromTemplate(sam.Function{Name: name, MemorySize: 128, Timeout: time.Second, EphemeralStorage: 512, Runtime: "provided.al2023", Handler: "bootstrap"}, zip, stack)
	}
	all(t, client, mine("a", "shop"), mine("b", "shop"), mine("c", "bank"), deploy.Function{Name: "d", Zip: zip})
	left, err := deploy.Leftover(t.Context(), client, "shop", []deploy.Function{mine("a", "shop")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b"}, left); diff != "" {
		t.Errorf("left over (-want +got):\n%s", diff)
	}
	tags, err := client.ListTags(t.Context(), &lambda.ListTagsInput{Resource: aws.String(function.ARN("a", ""))})
	if err != nil {
		t.Fatal(err)
	}
	if may, ok := tags.Tags[function.TagMayInvoke]; !ok || may != "" {
		t.Errorf("without Policies it may invoke %q, %t: on AWS it may invoke none", may, ok)
	}
}
