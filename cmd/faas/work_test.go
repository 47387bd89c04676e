package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/console"
	"triptych/internal/child"
	"triptych/internal/waittest"
)

// untimed leaves out of what deploy prints what is never the same.
func untimed(s string) string {
	return regexp.MustCompile(` \(([^)]* KB, )?[0-9.]+m?s\)`).ReplaceAllString(s, "")
}

func TestAFunctionFromDeployToRemove(t *testing.T) {
	folder := shell(t, `{"answer":1}`)
	for _, step := range []struct{ args, want string }{
		{"deploy work " + folder, "work: created\n"},
		{"deploy work " + folder, "work: unchanged\n"},
		{"deploy work " + folder + " --memory 256 --timeout 5 --env GREETING=hi --keep-alive 90s --connect 53,80 --reserved 3",
			"work: updated: reserved concurrency, memory, timeout, environment, connect, keep-alive\n"},
		{"deploy work " + folder, "work: unchanged\n"},
		{"deploy work " + shell(t, `{"answer":2}`), "work: updated: code\n"},
		{"deploy work " + shell(t, `{"answer":2}`) + " --reserved none", "work: updated: reserved concurrency\n"},
		{"invoke work", `{"answer":2}` + "\n"},
	} {
		if got := untimed(must(t, strings.Split(step.args, " ")...)); got != step.want {
			t.Errorf("faas %s\ngot  %swant %s", step.args, got, step.want)
		}
	}
	must(t, "deploy", "work", folder, "--reserved", "0")
	if s := faas(t, "invoke", "work"); exitCode(s.failure) != 1 || !strings.Contains(s.failure.Error(), "throttled, try again later: as many events of the function are under way as it has reserved") {
		t.Errorf("a function that may not run: %v", s.failure)
	}
	if got := must(t, "list"); !regexp.MustCompile(`(?m)^work +256 MB +5 s +1 KB +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +-$`).MatchString(got) {
		t.Errorf("list:\n%s", got)
	}
	if got := must(t, "rm", "work"); got != "work: removed\n" {
		t.Errorf("rm: %s", got)
	}
	if s := faas(t, "invoke", "work"); exitCode(s.failure) != 1 {
		t.Errorf("a function that was removed answers %s", s.out)
	}
}

func TestEventsComeFromAnywhere(t *testing.T) {
	passing(t, "from")
	must(t, "deploy", "from", shell(t, "1"))
	file := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(file, []byte("{\n  \"a\": tru\n}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in, event string
		code      int
		want      string
	}{
		{`{"a":1}`, "-", 0, ""},
		{`{"a":`, "-", 2, "standard input is not JSON: unexpected end of JSON input"},
		{"", "@" + file, 2, file + ` is not JSON: invalid character '\n' in literal true (expecting 'e'), at line 2, column`},
		{"\n", "-", 2, "standard input is empty: give JSON, such as {}"},
		{"", "@" + file + "x", 1, "no such file"},
		{"", "-1", 2, "flag provided but not defined"},
	} {
		s := faasWith(t, c.in, "invoke", "from", c.event)
		if exitCode(s.failure) != c.code || s.failure != nil && !strings.Contains(s.failure.Error(), c.want) {
			t.Errorf("%s: exit code %d, %v", c.event, exitCode(s.failure), s.failure)
		}
	}
	if got := must(t, "invoke", "from", "--", "-1"); got != "1\n" {
		t.Errorf("got %q", got)
	}
}

func TestWhatAFunctionPrintsIsShown(t *testing.T) {
	passing(t, "prints")
	must(t, "deploy", "prints", shell(t, "1"))
	s := faas(t, "invoke", "prints", "--log")
	if s.failure != nil || s.out != "1\n" || !regexp.MustCompile(`(?s)^START .*\nevent [0-9a-f-]{36}\n.*REPORT `).MatchString(s.err) {
		t.Errorf("%v\n%s%s", s.failure, s.out, s.err)
	}
	if got := must(t, "logs", "prints"); !regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z event [0-9a-f-]{36}$`).MatchString(got) {
		t.Errorf("logs:\n%s", got)
	}
	if got := must(t, "logs", "prints", "--since", "2100-01-01T00:00:00Z"); got != "" {
		t.Errorf("logs of the future:\n%s", got)
	}
}

func TestLogsAreFollowedUntilInterrupted(t *testing.T) {
	passing(t, "followed")
	must(t, "deploy", "followed", shell(t, "1"))
	reports := make(chan string, 10)
	lines := child.NewLines(func(line string) {
		if strings.Contains(line, "REPORT ") {
			reports <- line
		}
	})
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"logs", "followed", "--follow", "--endpoint", endpoint}, terminal{nothing, nil, lines, lines})
	}()
	for range 2 {
		must(t, "invoke", "followed")
		<-reports
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestStatsAreATableAndJSON(t *testing.T) {
	passing(t, "counted")
	must(t, "deploy", "counted", shell(t, "1"))
	for range 3 {
		must(t, "invoke", "counted")
	}
	if got := must(t, "stats"); !regexp.MustCompile(`(?m)^counted +3 +0 +0 +\d+ % +\S+ +\S+ +\S+ +\S+ +0\.\d+ +\d, \d idle(, \d starting)? +0$`).MatchString(got) {
		t.Errorf("the table:\n%s", got)
	}
	if got := must(t, "stats", "counted"); !strings.Contains(got, "  invocations  3: 0 errors, 0 of them timeouts\n") || !strings.Contains(got, "  cold starts  ") {
		t.Errorf("of one function:\n%s", got)
	}
	var all console.Stats
	if err := json.Unmarshal([]byte(must(t, "stats", "counted", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Functions) != 1 || all.Functions[0].Invocations != 3 || all.Functions[0].Init.P50 <= 0 {
		t.Errorf("as JSON: %+v", all)
	}
}

func TestATemplateIsDeployedAsAWhole(t *testing.T) {
	passing(t, "ta", "tb")
	dir := t.TempDir()
	path := filepath.Join(dir, "template.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one := func(name, folder, more string) string {
		return fmt.Sprintf(`  %s:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: %s, CodeUri: %s, Handler: bootstrap, Runtime: provided.al2023%s}
`, strings.ToUpper(name), name, folder, more)
	}
	const head = "Transform: AWS::Serverless-2016-10-31\nParameters:\n  Size: {Type: Number, Default: 128}\nResources:\n"
	a, b := shell(t, "1"), shell(t, "2")
	args := []string{"deploy", "-t", path, "--stack", "shop"}

	write(head + one("ta", a, ", MemorySize: !Ref Size") + one("tb", b, ", AutoPublishAlias: live, ReservedConcurrentExecutions: 2"))
	for _, step := range []struct {
		more []string
		want string
	}{
		{nil, "ta: created\ntb: created\n"},
		{nil, "ta: unchanged\ntb: unchanged\n"},
		{[]string{"--parameter", "Size=256"}, "ta: updated: memory\ntb: unchanged\n"},
	} {
		if diff := cmp.Diff(step.want, untimed(must(t, append(args, step.more...)...))); diff != "" {
			t.Errorf("deploy %v (-want +got):\n%s", step.more, diff)
		}
	}
	if got := must(t, "invoke", "tb", "--qualifier", "live"); got != "2\n" {
		t.Errorf("the alias answers %q", got)
	}

	write(head + one("tb", b, ", AutoPublishAlias: live"))
	if diff := cmp.Diff("tb: updated: reserved concurrency\nta: left as it is, though the template has it no longer; --prune removes it\n", untimed(must(t, args...))); diff != "" {
		t.Errorf("what is gone from the template (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("tb: unchanged\nta: removed\n", must(t, append(args, "--prune")...)); diff != "" {
		t.Errorf("pruned (-want +got):\n%s", diff)
	}

	write(head + one("tb", b, ", MemorySize: 1") + one("tc", "nowhere", ""))
	s := faas(t, args...)
	for _, want := range []string{path + ":7: MemorySize", path + ":10: CodeUri"} {
		if exitCode(s.failure) != 1 || !strings.Contains(s.failure.Error(), want) {
			t.Errorf("got %v, want %s", s.failure, want)
		}
	}
	write(head + one("tb", b, ", DeadLetterQueue: {Type: SNS, TargetArn: 'arn:aws:sns:us-east-1:000000000000:topic'}"))
	if s := faas(t, args...); exitCode(s.failure) != 1 || !strings.HasPrefix(s.failure.Error(), path+":") {
		t.Errorf("what the runner refuses has no place: %v", s.failure)
	}
}

func TestURLsAreDeployedAndListed(t *testing.T) {
	passing(t, "ua")
	path := filepath.Join(t.TempDir(), "template.yaml")
	deployed := func(config string) string {
		t.Helper()
		text := fmt.Sprintf(`Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::Function
    Properties:
      {FunctionName: ua, CodeUri: %s, Handler: bootstrap, Runtime: provided.al2023%s}
Outputs:
  Page: {Value: !Sub "%s"}
`, shell(t, "7"), config, map[bool]string{true: "${WebUrl.FunctionUrl}page", false: "none"}[config != ""])
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return untimed(must(t, "deploy", "-t", path))
	}
	got := deployed(", FunctionUrlConfig: {AuthType: NONE}")
	said := regexp.MustCompile(`^ua: created\nua: (http://[a-z2-7]{32}\.lambda-url\.us-east-1\.localhost:\d+/)\nPage +(\S+) *\n$`).FindStringSubmatch(got)
	if said == nil || said[2] != said[1]+"page" {
		t.Fatalf("got %q", got)
	}
	if list := must(t, "list"); !strings.Contains(list, said[1]) {
		t.Errorf("list:\n%s", list)
	}
	at, err := url.Parse(said[1])
	if err != nil {
		t.Fatal(err)
	}
	// Not every resolver knows names under localhost.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+at.Port()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = at.Host
	for _, u := range []*url.URL{r.URL, {Scheme: "http", Host: r.URL.Host, Path: "/_/urls/" + at.Host[:32] + "/"}} {
		if r.URL = u; strings.HasPrefix(u.Path, "/_/") {
			r.Host = u.Host
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || string(body) != "7" {
			t.Errorf("%s answers %d %q, %v", u, res.StatusCode, body, err)
		}
	}
	if got := deployed(""); got != "ua: updated: URL removed\nPage  none  \n" {
		t.Errorf("without it: %q", got)
	}
	if list := must(t, "list"); strings.Contains(list, "lambda-url") {
		t.Errorf("list:\n%s", list)
	}
}

func TestDeadLettersAreShownAndDeliveredAgain(t *testing.T) {
	passing(t, "fails")
	dir := t.TempDir()
	template := `Transform: AWS::Serverless-2016-10-31
Resources:
  Fails:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: fails
      CodeUri: code
      Handler: bootstrap
      Runtime: provided.al2023
      EventInvokeConfig: {MaximumRetryAttempts: 0}
      DeadLetterQueue: {Type: SQS, TargetArn: 'arn:aws:sqs:us-east-1:000000000000:lost'}
`
	if err := os.Rename(shell(t, "1"), filepath.Join(dir, "code")); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(dir, "code", "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	script = bytes.ReplaceAll(script, []byte("$id/response"), []byte("$id/error"))
	path := filepath.Join(dir, "template.yaml")
	for name, text := range map[string][]byte{path: []byte(template), filepath.Join(dir, "code", "bootstrap"): script} {
		if err := os.WriteFile(name, text, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "deploy", "-t", path)
	if got := must(t, "invoke", "fails", "--async", `{"order":7}`); !regexp.MustCompile(`^queued as [0-9a-f-]{36}\n$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
	lost := func() string { return faas(t, "queues", "lost").out }
	waittest.Until(t, "the dead letter", func() bool { return strings.Contains(lost(), "dead letter of fails") })
	if got := lost(); !strings.Contains(got, `{"order":7}`) || !strings.Contains(got, "ErrorCode: 200") {
		t.Errorf("the queue:\n%s", got)
	}
	before := lost()
	if got := must(t, "queues", "lost", "--redrive"); got != "1 delivered again\n" {
		t.Errorf("got %q", got)
	}
	waittest.Until(t, "the dead letter once more", func() bool { now := lost(); return now != before && strings.Contains(now, `{"order":7}`) })
	if got := must(t, "queues"); !regexp.MustCompile(`(?m)^lost +1 +1 KB +\d{4}`).MatchString(got) {
		t.Errorf("queues:\n%s", got)
	}
	id, _, _ := strings.Cut(lost(), " ")
	if s := must(t, "queues", "lost", "--delete", id); s != id+": removed\n" {
		t.Errorf("deleting a message says %q", s)
	}
	if s := faas(t, "queues", "lost"); s.failure != nil || s.err != "the queue is empty\n" {
		t.Errorf("%v, %s", s.failure, s.err)
	}
	if s := faas(t, "queues", "lost", "--redrive"); s.failure != nil || s.out != "0 delivered again\n" || !strings.HasPrefix(s.err, "only dead letters") {
		t.Errorf("%v, %s%s", s.failure, s.out, s.err)
	}
	if s := faas(t, "queues", "lost", "--delete", id); exitCode(s.failure) != 1 || !strings.Contains(s.failure.Error(), "There is no message") {
		t.Errorf("%v", s.failure)
	}
	if s := faas(t, "queues", "none"); exitCode(s.failure) != 1 || !strings.Contains(s.failure.Error(), "There is no queue none") {
		t.Errorf("%v", s.failure)
	}
}
