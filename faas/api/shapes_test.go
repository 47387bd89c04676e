package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/api"
	"triptych/internal/waittest"
)

var update = flag.Bool("update", false, "write what is answered to testdata")

// varies is what differs from run to run.
var varies = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000`), "TIME"},
	{regexp.MustCompile(`"LastModified": 1\d{9}(\.\d+)?`), `"LastModified": SECONDS`},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+/_/code/[0-9a-f]{64}\?Expires=\d+&Signature=[0-9a-f]{64}`), "LINK"},
	{regexp.MustCompile(`"CodeSha256": "[^"]{44}"`), `"CodeSha256": "SHA256"`},
	{regexp.MustCompile(`"CodeSize": \d+`), `"CodeSize": SIZE`},
	{regexp.MustCompile(`"TotalCodeSize": [1-9]\d{2}\b`), `"TotalCodeSize": SIZE`},
	{regexp.MustCompile(`"(x86_64|arm64)"`), `"ARCH"`},
}

// TestShapes compares the bytes on the wire with those of testdata, which were
// compared with the Lambda API reference and the recorded answers of AWS.
func TestShapes(t *testing.T) {
	s := serve(t, api.Options{})
	const functions = "/2015-03-31/functions"
	zip, err := json.Marshal(program(t, "one"))
	ok(t, err)
	create := fmt.Sprintf(`{"FunctionName":"a","Runtime":"provided.al2023","Handler":"bootstrap","Role":"arn:aws:iam::000000000000:role/r","Code":{"ZipFile":%s},
		"Environment":{"Variables":{"GREETING":"hello"}},"DeadLetterConfig":{"TargetArn":"arn:aws:sqs:us-east-1:000000000000:q"},"Tags":{"team":"a"}}`, zip)
	var got strings.Builder
	ask := func(method, path, body string, headers ...string) {
		res, answer := s.call(method, path, body, headers...)
		fmt.Fprintf(&got, "%s %s\n%d\n", method, path, res.StatusCode)
		for _, name := range []string{"Content-Type", "X-Amzn-Errortype", "Retry-After", "X-Amz-Executed-Version", "X-Amzn-Requestid"} {
			if v := res.Header.Get(name); v != "" {
				fmt.Fprintf(&got, "%s: %s\n", name, v)
			}
		}
		var indented bytes.Buffer
		if answer != "" {
			ok(t, json.Indent(&indented, []byte(answer), "", " "))
		}
		fmt.Fprintf(&got, "\n%s\n\n", strings.TrimSpace(indented.String()))
	}
	ask("POST", functions, create)
	s.active("a")
	ask("GET", functions+"/a", "")
	ask("GET", functions, "")
	ask("PUT", functions+"/a/code", fmt.Sprintf(`{"ZipFile":%s,"Publish":true}`, zip))
	s.updated("a")
	waittest.Until(t, "version 1 is active", func() bool {
		_, body := s.call("GET", functions+"/a:1/configuration", "")
		return strings.Contains(body, `"State":"Active"`)
	})
	ask("GET", functions+"/a/versions?MaxItems=1", "")
	ask("POST", functions+"/a/aliases", `{"Name":"live","FunctionVersion":"1","Description":"in use"}`)
	ask("GET", functions+"/a/aliases", "")
	ask("POST", functions+"/a/invocations", `{"x":1}`)
	ask("POST", functions+"/a/invocations", `{"x":1}`, "X-Amz-Invocation-Type", "Event")
	ask("POST", functions+"/a/invocations", `{"x":1}`, "X-Amz-Invocation-Type", "DryRun")
	ask("PUT", "/2017-10-31/functions/a/concurrency", `{"ReservedConcurrentExecutions":5}`)
	ask("GET", "/2019-09-30/functions/a/concurrency", "")
	ask("PUT", "/2019-09-30/functions/a/provisioned-concurrency?Qualifier=7", `{"ProvisionedConcurrentExecutions":1}`)
	ask("GET", "/2019-09-30/functions/a/provisioned-concurrency?Qualifier=1", "")
	ask("PUT", "/2019-09-25/functions/a/event-invoke-config", `{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":60,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:000000000000:q"}}}`)
	ask("GET", "/2019-09-25/functions/a/event-invoke-config/list", "")
	ask("DELETE", "/2019-09-25/functions/a/event-invoke-config", "")
	ask("GET", "/2024-08-31/functions/a/recursion-config", "")
	ask("GET", "/2016-08-19/account-settings", "")
	ask("GET", "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aa", "")
	ask("POST", "/2017-03-31/tags/a", `{"Tags":{"x":"1"}}`)
	ask("DELETE", "/2017-03-31/tags/a?tagKeys=x&tagKeys=y", "")
	ask("PUT", "/2017-10-31/functions/a/concurrency", `{"ReservedConcurrentExecutions":0}`)
	ask("POST", functions+"/a/invocations", "{}")
	ask("DELETE", "/2017-10-31/functions/a/concurrency", "")
	ask("POST", functions+"/a/invocations", "{")
	ask("PUT", functions+"/a/configuration", `{"RevisionId":"old"}`)
	ask("POST", functions, create)
	ask("DELETE", functions+"/a/aliases/live", "")
	ask("DELETE", functions+"/a", "")
	ask("GET", functions+"/a", "")

	text := got.String()
	for _, v := range varies {
		text = v.what.ReplaceAllString(text, v.with)
	}
	const golden = "testdata/shapes.txt"
	if *update {
		ok(t, os.WriteFile(golden, []byte(text), 0o644))
	}
	want, err := os.ReadFile(golden)
	ok(t, err)
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("answers (-want +got); go test -update writes them:\n%s", diff)
	}
}
