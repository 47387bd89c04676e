package api_test

import (
	"strings"
	"testing"

	"triptych/faas/api"
)

// TestEveryRoute asks each operation for a name that cannot be, for a function
// that is not there, and with a body that is no JSON.
func TestEveryRoute(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	for _, operation := range []string{
		"POST /2015-03-31/functions/{f}/invocations", "GET /2015-03-31/functions/{f}", "GET /2015-03-31/functions/{f}/configuration",
		"PUT /2015-03-31/functions/{f}/configuration", "PUT /2015-03-31/functions/{f}/code", "DELETE /2015-03-31/functions/{f}",
		"POST /2015-03-31/functions/{f}/versions", "GET /2015-03-31/functions/{f}/versions", "POST /2015-03-31/functions/{f}/aliases",
		"GET /2015-03-31/functions/{f}/aliases", "GET /2015-03-31/functions/{f}/aliases/x", "PUT /2015-03-31/functions/{f}/aliases/x",
		"DELETE /2015-03-31/functions/{f}/aliases/x", "PUT /2017-10-31/functions/{f}/concurrency", "DELETE /2017-10-31/functions/{f}/concurrency",
		"GET /2019-09-30/functions/{f}/concurrency", "PUT /2019-09-30/functions/{f}/provisioned-concurrency?Qualifier=1",
		"GET /2019-09-30/functions/{f}/provisioned-concurrency?Qualifier=1", "GET /2019-09-30/functions/{f}/provisioned-concurrency?List=ALL",
		"DELETE /2019-09-30/functions/{f}/provisioned-concurrency?Qualifier=1", "PUT /2019-09-25/functions/{f}/event-invoke-config",
		"POST /2019-09-25/functions/{f}/event-invoke-config", "GET /2019-09-25/functions/{f}/event-invoke-config",
		"GET /2019-09-25/functions/{f}/event-invoke-config/list", "DELETE /2019-09-25/functions/{f}/event-invoke-config",
		"PUT /2024-08-31/functions/{f}/recursion-config", "GET /2024-08-31/functions/{f}/recursion-config", "GET /2017-03-31/tags/{f}",
		"POST /2021-10-31/functions/{f}/url", "GET /2021-10-31/functions/{f}/url", "PUT /2021-10-31/functions/{f}/url",
		"DELETE /2021-10-31/functions/{f}/url", "GET /2021-10-31/functions/{f}/urls",
		"POST /2017-03-31/tags/{f}", "DELETE /2017-03-31/tags/{f}?tagKeys=x",
	} {
		method, path, _ := strings.Cut(operation, " ")
		want := func(name, body, kind string) {
			t.Helper()
			res, answer := s.call(method, strings.Replace(path, "{f}", name, 1), body)
			if got := res.Header.Get("X-Amzn-Errortype"); got != kind {
				t.Errorf("%s of %q with %q: %d %s %s, want %s", operation, name, body, res.StatusCode, got, answer, kind)
			}
		}
		body := bodies[operation]
		want("no%2Fname", body, "InvalidParameterValueException")
		want("ghost", body, "ResourceNotFoundException")
		if method == "PUT" || method == "POST" {
			want("a", "{", "InvalidRequestContentException")
		}
	}
	for _, path := range []string{
		"/2015-03-31/functions/a/versions?MaxItems=x", "/2015-03-31/functions/a/aliases?MaxItems=x", "/2015-03-31/functions?MaxItems=x",
		"/2019-09-30/functions/a/provisioned-concurrency?List=ALL&MaxItems=x", "/2019-09-25/functions/a/event-invoke-config/list?MaxItems=x",
		"/2019-09-30/functions/a/provisioned-concurrency", "/2019-09-30/functions/a/provisioned-concurrency?Qualifier=$LATEST",
	} {
		if res, body := s.call("GET", path, ""); res.Header.Get("X-Amzn-Errortype") != "InvalidParameterValueException" {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
}

// bodies are valid ones, of operations that look at them before the function.
var bodies = map[string]string{
	"POST /2015-03-31/functions/{f}/aliases":                            `{"Name":"x","FunctionVersion":"1"}`,
	"PUT /2017-10-31/functions/{f}/concurrency":                         `{"ReservedConcurrentExecutions":1}`,
	"PUT /2019-09-30/functions/{f}/provisioned-concurrency?Qualifier=1": `{"ProvisionedConcurrentExecutions":1}`,
	"PUT /2019-09-25/functions/{f}/event-invoke-config":                 `{"MaximumRetryAttempts":1}`,
	"POST /2019-09-25/functions/{f}/event-invoke-config":                `{"MaximumRetryAttempts":1}`,
	"POST /2021-10-31/functions/{f}/url":                                `{"AuthType":"NONE"}`,
	"PUT /2024-08-31/functions/{f}/recursion-config":                    `{"RecursiveLoop":"Allow"}`,
}
