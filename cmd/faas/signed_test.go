package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFunctionsAreNotEverybody has a function call the runner as anybody on
// this machine may who knows its address: where it is told to call, it may not.
func TestFunctionsAreNotEverybody(t *testing.T) {
	dir := t.TempDir()
	p := program{path: filepath.Join(dir, "faas"), env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}}
	if out, err := exec.Command("go", "build", "-o", p.path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const bootstrap = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while :; do
	id="$(curl -sS -o /dev/null -w '%header{lambda-runtime-aws-request-id}' "$api/next")"
	status="$(curl -sS -o /dev/null -w '%{http_code}' "$AWS_ENDPOINT_URL_LAMBDA/2015-03-31/functions")"
	curl -sS -o /dev/null --data-binary "$status" "$api/$id/response"
done
`
	code := filepath.Join(dir, "code")
	if err := os.Mkdir(code, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(code, "bootstrap"), []byte(bootstrap), 0o755); err != nil {
		t.Fatal(err)
	}
	server, url := p.serve(t, dir)
	if out, errs, exit := p.run(t, "deploy", "nosy", code, "--endpoint", url); exit != 0 {
		t.Fatal(out, errs)
	}
	if out, errs, _ := p.run(t, "invoke", "nosy", "--endpoint", url); out != "403\n" {
		t.Errorf("it got %q %s", out, errs)
	}
	if out, errs, exit := p.run(t, "list", "--endpoint", url); exit != 0 {
		t.Errorf("who may call is refused: %s%s", out, errs)
	}
	end(t, server)
}
