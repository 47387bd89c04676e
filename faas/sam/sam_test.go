package sam

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"triptych/faas/function"
)

var secondARN = function.ARN("Second", "")

func whole(code string) *Template {
	return &Template{
		Path:        "testdata/whole.yaml",
		Description: "Everything that is read",
		Functions: []Function{{
			ID: "First", Line: 27, Name: "live-first",
			CodeURI: code, BuildMethod: "go1.x", Handler: "bootstrap", Runtime: "provided.al2023", Description: "Does it all",
			MemorySize: 256, Timeout: 30 * time.Second, EphemeralStorage: 1024, Architecture: "x86_64",
			Environment: map[string]string{
				"LEVEL": "debug", "STAGE": "live", "SECOND": "Second", "SECOND_ARN": secondARN, "NUMBER": "1.5", "TRUTH": "true",
				"SELF": "secret/${b}/" + secondARN + "/us-east-1/" + secondARN + ":live",
			},
			Tags: map[string]string{"team": "a", "owner": "b"}, Tracing: "Active", RecursiveLoop: "Terminate",
			Reserved: new(5), AutoPublishAlias: "live", VersionDescription: "the first", Provisioned: new(2), DeploymentPreference: &Gradual{Shares: []int{10}, Interval: 5 * time.Minute},
			Async:      AsyncConfig{MaximumRetryAttempts: new(0), MaximumEventAgeInSeconds: new(60), OnSuccess: secondARN, OnFailure: "arn:aws:sqs:us-east-1:000000000000:Failed"},
			DeadLetter: &DeadLetter{Type: "SQS", TargetARN: "arn:aws:sqs:us-east-1:000000000000:live-dead"},
			URL:        &URL{AuthType: "NONE", InvokeMode: "BUFFERED", Cors: &Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET"}, MaxAge: 60}},
			MayInvoke:  []string{"Second", "live-first", "other"},
			Runner:     function.Settings{Isolation: "strict", Connect: []uint16{5432, 9092}, KeepAlive: 90 * time.Second, MaxConcurrency: 4},
		}, {
			ID: "Second", Line: 77, Name: "Second",
			CodeURI: code, Handler: "bootstrap", Runtime: "provided.al2023",
			MemorySize: 128, Timeout: 10 * time.Second, EphemeralStorage: 512, Architecture: "arm64",
			Environment: map[string]string{"LEVEL": "info", "STAGE": "live"}, Tags: map[string]string{"team": "a"}, AutoPublishAlias: "live",
		}},
		Queues: []string{"live-dead", "Failed"},
		Outputs: []Output{
			{Name: "Address", Description: "Where it is", value: "at " + placeholder("First") + "hello"},
			{Name: "Name", value: "live-first live-dead"},
		},
	}
}

func load(t *testing.T, path string, params map[string]string) *Template {
	t.Helper()
	got, err := Load(path, params)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEverythingIsRead(t *testing.T) {
	got := load(t, "testdata/whole.yaml", map[string]string{"Stage": "live", "Secret": "secret"})
	code, err := filepath.Abs("testdata/code")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(code), got, cmp.AllowUnexported(Output{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("template (-want +got):\n%s", diff)
	}
	address := got.Outputs[0].Value(func(id string) string { return "http://" + id + "/" })
	if want := "at http://First/hello"; address != want {
		t.Errorf("output %q, want %q", address, want)
	}
}

func TestTheExampleIsInOrder(t *testing.T) {
	got := load(t, "../examples/template.yaml", nil)
	var names []string
	for _, f := range got.Functions {
		names = append(names, f.Name)
		if info, err := os.Stat(f.CodeURI); err != nil || !info.IsDir() {
			t.Errorf("%s: code %s: %v", f.Name, f.CodeURI, err)
		}
	}
	if diff := cmp.Diff([]string{"hello", "echo", "web"}, names); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}

// "sam build" leaves JSON-like YAML: long forms of calls, code in folders beside
// the template, a SamResourceId for each function.
func TestWhatSAMHasBuiltIsRead(t *testing.T) {
	got := load(t, "testdata/built/template.yaml", nil)
	f := got.Functions[0]
	if f.BuildMethod != "go1.x" || filepath.Base(f.CodeURI) != "Hello" || f.Runner.KeepAlive != time.Minute {
		t.Errorf("function %+v", f)
	}
	if want := function.ARN("hello", ""); got.Outputs[0].Value(nil) != want {
		t.Errorf("output %q, want %q", got.Outputs[0].Value(nil), want)
	}
}

func TestJSONIsRead(t *testing.T) {
	text := "{\n\t\"Transform\": \"AWS::Serverless-2016-10-31\",\n\t\"Resources\": {\n\t\t\"Hello\": {\n\t\t\t\"Type\": \"AWS::Serverless::Function\",\n" +
		"\t\t\t\"Properties\": {\"CodeUri\": \"testdata/code\", \"Handler\": \"bootstrap\", \"Runtime\": \"provided.al2023\", \"MemorySize\": \"x\"}\n\t\t}\n\t}\n}\n"
	_, err := parse("t.json", []byte(text), nil)
	want := `t.json:6: MemorySize must be a whole number from 128 to 10240, not "x"`
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestPseudoParametersMayBeGiven(t *testing.T) {
	text := "Transform: AWS::Serverless-2016-10-31\nResources:\n  Hello:\n    Type: AWS::Serverless::Function\n    Properties:\n" +
		"      {CodeUri: testdata/code, Handler: bootstrap, Runtime: provided.al2, FunctionName: !Sub \"${AWS::StackName}-hello\"}\n"
	for given, want := range map[string]string{"": "sam-hello", "shop": "shop-hello"} {
		params := map[string]string{}
		if given != "" {
			params["AWS::StackName"] = given
		}
		got, err := parse("t.yaml", []byte(text), params)
		if err != nil || got.Functions[0].Name != want {
			t.Errorf("the name is %+v, %v, want %s", got, err, want)
		}
	}
}
