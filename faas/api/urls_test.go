package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"triptych/faas/api"
	"triptych/faas/function"
)

// TestURLs gives a function URLs, by the official client.
func TestURLs(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a")
	name := aws.String("a")
	create := func(alias *string) (*lambda.CreateFunctionUrlConfigOutput, error) {
		return s.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{FunctionName: name, Qualifier: alias, AuthType: types.FunctionUrlAuthTypeNone})
	}
	made, err := create(nil)
	ok(t, err)
	port := s.url[strings.LastIndex(s.url, ":"):]
	if at := regexp.MustCompile(`^http://[a-z2-7]{32}\.lambda-url\.us-east-1\.localhost` + port + `/$`); !at.MatchString(*made.FunctionUrl) {
		t.Errorf("the URL is %s", *made.FunctionUrl)
	}
	if *made.FunctionArn != function.ARN("a", "") || made.InvokeMode != types.InvokeModeBuffered || made.Cors != nil || *made.CreationTime == "" {
		t.Errorf("it was made so: %+v", made)
	}
	_, err = create(nil)
	failed(t, err, "ResourceConflictException", "FunctionUrlConfig exists for this Lambda function")
	_, err = create(aws.String("live"))
	failed(t, err, "ResourceNotFoundException", "Cannot find alias arn")

	cors := &types.Cors{AllowCredentials: aws.Bool(true), AllowOrigins: []string{"https://shop.example"}, AllowMethods: []string{"GET", "POST"},
		AllowHeaders: []string{"X-One"}, ExposeHeaders: []string{"X-Two"}, MaxAge: aws.Int32(60)}
	changed, err := s.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{FunctionName: name, AuthType: types.FunctionUrlAuthTypeAwsIam,
		InvokeMode: types.InvokeModeResponseStream, Cors: cors})
	ok(t, err)
	_, err = s.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{FunctionName: name}) // says nothing, and changes nothing
	ok(t, err)
	got, err := s.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: name})
	ok(t, err)
	if diff := cmp.Diff(cors, got.Cors, cmpopts.IgnoreUnexported(types.Cors{})); diff != "" {
		t.Errorf("cors (-want +got):\n%s", diff)
	}
	if *got.FunctionUrl != *made.FunctionUrl || *changed.FunctionUrl != *made.FunctionUrl || got.AuthType != "AWS_IAM" || got.InvokeMode != "RESPONSE_STREAM" || *got.CreationTime != *made.CreationTime {
		t.Errorf("it was changed to %+v", got)
	}

	s.publish("a")
	_, err = s.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	ok(t, err)
	live, err := create(aws.String("live"))
	ok(t, err)
	if *live.FunctionArn != function.ARN("a", "live") || *live.FunctionUrl == *made.FunctionUrl {
		t.Errorf("the alias has %+v", live)
	}
	var urls []string
	pages := lambda.NewListFunctionUrlConfigsPaginator(s, &lambda.ListFunctionUrlConfigsInput{FunctionName: name, MaxItems: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		ok(t, err)
		for _, u := range page.FunctionUrlConfigs {
			urls = append(urls, *u.FunctionUrl)
		}
	}
	if diff := cmp.Diff([]string{*made.FunctionUrl, *live.FunctionUrl}, urls); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}

	// With the alias goes its URL, and with the function all.
	_, err = s.DeleteAlias(ctx, &lambda.DeleteAliasInput{FunctionName: name, Name: aws.String("live")})
	ok(t, err)
	s.unknownURL(*live.FunctionUrl)
	_, err = s.DeleteFunctionUrlConfig(ctx, &lambda.DeleteFunctionUrlConfigInput{FunctionName: name})
	ok(t, err)
	s.unknownURL(*made.FunctionUrl)
	for _, err := range []error{
		second(s.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: name})),
		second(s.DeleteFunctionUrlConfig(ctx, &lambda.DeleteFunctionUrlConfigInput{FunctionName: name})),
		second(s.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{FunctionName: name})),
	} {
		failed(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
	}
	again, err := create(nil)
	ok(t, err)
	_, err = s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name})
	ok(t, err)
	s.unknownURL(*again.FunctionUrl)
}

func second[T any](_ T, err error) error { return err }

// unknownURL checks that the registry finds no function by a URL.
func (s *served) unknownURL(at string) {
	s.t.Helper()
	id, _, _ := strings.Cut(strings.TrimPrefix(at, "http://"), ".")
	if _, of, found := s.runner.Registry.URL(id); found {
		s.t.Errorf("%s still belongs to %s", at, of)
	}
}

// TestURLAddress asks by several names where a URL is: its host name is told to
// who is on this machine, and the path to the others.
func TestURLAddress(t *testing.T) {
	s := serve(t, api.Options{Hosts: []string{"faas.school.org"}})
	s.must("a")
	_, err := s.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("a"), AuthType: types.FunctionUrlAuthTypeNone})
	ok(t, err)
	f, err := s.runner.Registry.Get("a")
	ok(t, err)
	id := f.URLs[""].ID
	for host, want := range map[string]string{
		"127.0.0.1:9000":       id + ".lambda-url.us-east-1.localhost:9000/",
		"LocalHost:9000":       id + ".lambda-url.us-east-1.localhost:9000/",
		"[::1]:9000":           id + ".lambda-url.us-east-1.localhost:9000/",
		"[::1]":                id + ".lambda-url.us-east-1.localhost/",
		"localhost":            id + ".lambda-url.us-east-1.localhost/",
		"faas:9000":            "faas:9000/_/urls/" + id + "/",
		"faas.school.org:9000": "faas.school.org:9000/_/urls/" + id + "/",
		"10.0.0.1:9000":        "10.0.0.1:9000/_/urls/" + id + "/",
	} {
		res, body := s.call("GET", "/2021-10-31/functions/a/url", "", "Host", host)
		if !strings.Contains(body, `"FunctionUrl":"http://`+want+`"`) {
			t.Errorf("asked by %s: %d %s, want %s", host, res.StatusCode, body, want)
		}
	}
}

// TestURLRefused asks for URLs that cannot be.
func TestURLRefused(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	many := func(n int) string { return `["` + strings.Repeat(`x","`, n-1) + `x"]` }
	for _, tt := range []struct{ qualifier, body, want string }{
		{"", `{}`, `AuthType is "": it must be NONE or AWS_IAM`},
		{"", `{"AuthType":"none"}`, "AuthType is"},
		{"", `{"AuthType":"NONE","InvokeMode":"STREAM"}`, "InvokeMode is"},
		{"1", `{"AuthType":"NONE"}`, "is not the name of an alias"},
		{"$LATEST", `{"AuthType":"NONE"}`, "is not the name of an alias"},
		{"", `{"AuthType":"NONE","Cors":{"MaxAge":86401}}`, "MaxAge is 86401 s: it must be from 0 to 86400"},
		{"", `{"AuthType":"NONE","Cors":{"MaxAge":-1}}`, "MaxAge is -1"},
		{"", `{"AuthType":"NONE","Cors":{"AllowMethods":["get"]}}`, `AllowMethods has "get"`},
		{"", `{"AuthType":"NONE","Cors":{"AllowMethods":["OPTIONS"]}}`, `AllowMethods has "OPTIONS"`},
		{"", `{"AuthType":"NONE","Cors":{"AllowMethods":` + many(7) + `}}`, "AllowMethods has 7 entries: at most 6"},
		{"", `{"AuthType":"NONE","Cors":{"AllowOrigins":` + many(101) + `}}`, "AllowOrigins has 101 entries"},
		{"", `{"AuthType":"NONE","Cors":{"AllowOrigins":["a, b"]}}`, "without spaces and commas"},
		{"", `{"AuthType":"NONE","Cors":{"AllowHeaders":["a\nSet-Cookie: x"]}}`, "without spaces and commas"},
		{"", `{"AuthType":"NONE","Cors":{"ExposeHeaders":[""]}}`, "from 1 to 1024 characters"},
	} {
		res, body := s.call("POST", "/2021-10-31/functions/a/url?Qualifier="+tt.qualifier, tt.body)
		if res.StatusCode != http.StatusBadRequest || res.Header.Get("X-Amzn-Errortype") != "InvalidParameterValueException" || !strings.Contains(body, strings.ReplaceAll(tt.want, `"`, `\"`)) {
			t.Errorf("%.100s: %d %s, want %s", tt.body, res.StatusCode, body, tt.want)
		}
	}
	f, err := s.runner.Registry.Get("a")
	ok(t, err)
	if len(f.URLs) != 0 {
		t.Errorf("it has %s now", fmt.Sprint(f.URLs))
	}
}
