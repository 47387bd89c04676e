package api_test

import (
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"triptych/faas/api"
	"triptych/faas/registry"
)

// TestAKeyIsOfOneLife has a function's key leak, and the function made anew: the
// old key opens nothing, whether or not the runner has a key itself.
func TestAKeyIsOfOneLife(t *testing.T) {
	for _, o := range []api.Options{{}, {AccessKey: "local", SecretKey: "local"}, {Signed: true}} {
		s, ctx := serve(t, api.Options{}), t.Context()
		s.must("a")
		s.must("b")
		web := httptest.NewServer(api.Handler(s.runner, o))
		t.Cleanup(web.Close)
		gated := served{t: t, url: web.URL}
		invoke := func(c *aws.Credentials) error {
			by := gated.as(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
			_, err := by.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("b"), InvocationType: types.InvocationTypeDryRun})
			return err
		}
		leaked := s.credentials("a")
		ok(t, invoke(leaked))
		_, err := s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("a")})
		ok(t, err)
		failed(t, invoke(leaked), "UnrecognizedClientException", "security token")
		s.must("a")
		failed(t, invoke(leaked), "UnrecognizedClientException", "security token")
		fresh := s.credentials("a")
		ok(t, invoke(fresh))
		mixed := *leaked
		mixed.SessionToken = fresh.SessionToken
		if o.Signed || o.AccessKey != "" { // where anybody may call, so may who has no key of a function
			failed(t, invoke(&mixed), "UnrecognizedClientException", "security token")
		}
	}
}

// TestAKeyIsKept changes a function in every way: what runs goes on to call.
func TestAKeyIsKept(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	want := s.credentials("a")
	_, err := s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("a"), ZipFile: program(t, "two")})
	ok(t, err)
	s.updated("a")
	_, err = s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("a"), Timeout: aws.Int32(9)})
	ok(t, err)
	s.updated("a")
	s.publish("a")
	_, err = s.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String("arn:aws:lambda:us-east-1:000000000000:function:a"), Tags: map[string]string{"runner:keep-alive": "1m"}})
	ok(t, err)
	if diff := cmp.Diff(want, s.credentials("a")); diff != "" {
		t.Errorf("the key (-was +is):\n%s", diff)
	}
	f, err := s.runner.Registry.Get("a")
	ok(t, err)
	for _, c := range f.Versions { // whose instances have it too
		if c.Creation != f.Latest.Creation || c.Creation == "" {
			t.Errorf("version %s is of creation %q, and $LATEST of %q", c.Version, c.Creation, f.Latest.Creation)
		}
	}
}

// TestAnOldFunctionKeepsItsKey has one that was made when keys were of the name
// alone, until it is made anew.
func TestAnOldFunctionKeepsItsKey(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a")
	s.must("b")
	_, err := s.runner.Registry.Change("a", func(f *registry.Function) error { f.Latest.Creation = ""; return nil })
	ok(t, err)
	invoke := func(c *aws.Credentials) error {
		_, err := s.as(c.AccessKeyID, c.SecretAccessKey, c.SessionToken).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("b"), InvocationType: types.InvocationTypeDryRun})
		return err
	}
	old := s.credentials("a")
	ok(t, invoke(old))
	_, err = s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("a")})
	ok(t, err)
	s.must("a")
	failed(t, invoke(old), "UnrecognizedClientException", "security token")
	ok(t, invoke(s.credentials("a")))
}
