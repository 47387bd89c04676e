package api_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/api"
	"triptych/faas/registry"
)

// TestRefused asks for what would not behave here as on AWS.
func TestRefused(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	type input = lambda.CreateFunctionInput
	for want, change := range map[string]func(*input){
		"use Zip":       func(in *input) { in.PackageType = types.PackageTypeImage },
		"from an image": func(in *input) { in.Code = &types.FunctionCode{ImageUri: aws.String("x")} },
		"from S3":       func(in *input) { in.Code = &types.FunctionCode{S3Bucket: aws.String("x"), S3Key: aws.String("y")} },
		"no code":       func(in *input) { in.Code = &types.FunctionCode{} },
		"not a zip":     func(in *input) { in.Code = &types.FunctionCode{ZipFile: []byte("PK")} },
		"Layers":        func(in *input) { in.Layers = []string{"arn:x"} },
		"VpcConfig":     func(in *input) { in.VpcConfig = &types.VpcConfig{SubnetIds: []string{"s"}} },
		"FileSystemConfigs": func(in *input) {
			in.FileSystemConfigs = []types.FileSystemConfig{{Arn: aws.String("a"), LocalMountPath: aws.String("/mnt/x")}}
		},
		"ImageConfig":          func(in *input) { in.ImageConfig = &types.ImageConfig{Command: []string{"x"}} },
		"SnapStart":            func(in *input) { in.SnapStart = &types.SnapStart{ApplyOn: types.SnapStartApplyOnPublishedVersions} },
		"KMSKeyArn":            func(in *input) { in.KMSKeyArn = aws.String("arn:x") },
		"CodeSigningConfigArn": func(in *input) { in.CodeSigningConfigArn = aws.String("arn:x") },
		"LogFormat":            func(in *input) { in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatJson} },
		"LogGroup":             func(in *input) { in.LoggingConfig = &types.LoggingConfig{LogGroup: aws.String("/x")} },
		"architecture":         func(in *input) { in.Architectures = []types.Architecture{"mips"} },
		"a function has one": func(in *input) {
			in.Architectures = []types.Architecture{types.ArchitectureX8664, types.ArchitectureArm64}
		},
		"nodejs":           func(in *input) { in.Runtime = types.RuntimeNodejs22x },
		"MemorySize":       func(in *input) { in.MemorySize = aws.Int32(64) },
		"MemorySize is 0":  func(in *input) { in.MemorySize = aws.Int32(0) },
		"Timeout is 0":     func(in *input) { in.Timeout = aws.Int32(0) },
		"Timeout is 901":   func(in *input) { in.Timeout = aws.Int32(901) },
		"EphemeralStorage": func(in *input) { in.EphemeralStorage = &types.EphemeralStorage{Size: aws.Int32(100)} },
		"Description":      func(in *input) { in.Description = aws.String(strings.Repeat("d", 257)) },
		"Handler":          func(in *input) { in.Handler = aws.String("a b") },
		"TracingConfig":    func(in *input) { in.TracingConfig = &types.TracingConfig{Mode: "Some"} },
		"dead letter target": func(in *input) {
			in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:lambda:us-east-1:000000000000:function:b")}
		},
		"is reserved": func(in *input) { in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x"}} },
		"at most 4096": func(in *input) {
			in.Environment = &types.Environment{Variables: map[string]string{"XX": strings.Repeat("x", 4096)}}
		},
		"runner:max-concurrency": func(in *input) { in.Tags = map[string]string{"runner:max-concurrency": "0"} },
		"function name":          func(in *input) { in.FunctionName = aws.String("a b") },
		"qualifier":              func(in *input) { in.FunctionName = aws.String("a:1") },
	} {
		in := &input{FunctionName: aws.String("a"), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Role: aws.String("arn:aws:iam::000000000000:role/a"), Code: &types.FunctionCode{ZipFile: program(t, "one")}}
		change(in)
		_, err := s.CreateFunction(ctx, in)
		failed(t, err, "InvalidParameterValueException", want)
	}
	list, err := s.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	ok(t, err)
	if len(list.Functions) > 0 {
		t.Errorf("%d functions were made of what was refused", len(list.Functions))
	}

	// What changes nothing is let be.
	s.must("a", func(in *input) {
		in.Layers, in.VpcConfig, in.SnapStart = []string{}, &types.VpcConfig{}, &types.SnapStart{ApplyOn: types.SnapStartApplyOnNone}
		in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/a")}
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q")}
	})
	_, err = s.CreateFunction(ctx, &input{FunctionName: aws.String("a"), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String("arn:aws:iam::000000000000:role/a"), Code: &types.FunctionCode{ZipFile: program(t, "one")}})
	failed(t, err, "ResourceConflictException", "Function already exist: a")

	_, err = s.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: aws.String("a"), StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("p")})
	failed(t, err, "InvalidParameterValueException", "runner:may-invoke")
	_, err = s.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String("a")})
	failed(t, err, "ResourceNotFoundException", "does not exist")
	_, err = s.ListLayers(ctx, &lambda.ListLayersInput{})
	failed(t, err, "UnknownOperationException", "There is no GET /2018-10-31/layers")
}

// TestStorage deploys more code than all functions together may have.
func TestStorage(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	_, err := s.runner.Registry.Change("a", func(f *registry.Function) error {
		f.Latest.CodeSize = 75<<30 - 10
		return nil
	})
	ok(t, err)
	_, err = s.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("a"), ZipFile: program(t, "two")})
	failed(t, err, "CodeStorageExceededException", "storage limit")
	if _, typed := errors.AsType[*types.CodeStorageExceededException](err); !typed {
		t.Errorf("the client did not recognise %v", err)
	}
}

// TestGarbage sends what no client would.
func TestGarbage(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	const functions = "/2015-03-31/functions"
	large := `{"Description":"` + strings.Repeat("x", 300<<10) + `"}`
	tests := []struct {
		method, path, body string
		status             int
		kind, message      string
	}{
		{"POST", functions, "", 400, "InvalidParameterValueException", "function name"},
		{"POST", functions, "{", 400, "InvalidRequestContentException", "Could not parse request body into json"},
		{"POST", functions, `{"FunctionName":1}`, 400, "InvalidRequestContentException", "Could not parse"},
		{"POST", functions, `{"Code":{"ZipFile":"***"}}`, 400, "InvalidRequestContentException", "Could not parse"},
		{"POST", functions, `[]`, 400, "InvalidRequestContentException", "Could not parse"},
		{"POST", functions, "\xff\xfe", 400, "InvalidRequestContentException", "Could not parse"},
		{"PUT", functions + "/a/configuration", large, 413, "RequestTooLargeException", "262144 bytes"},
		{"PUT", functions + "/a/configuration", `{"Timeout":"ten"}`, 400, "InvalidRequestContentException", "Could not parse"},
		{"PUT", functions + "/a/configuration", `{"Timeout":99999999999}`, 400, "InvalidParameterValueException", "Timeout"},
		{"POST", functions + "/a/invocations", "{", 400, "InvalidRequestContentException", "Could not parse request body into json"},
		{"PATCH", functions + "/a", "", 404, "UnknownOperationException", "it takes GET, DELETE"},
		{"GET", functions + "/a/invocations", "", 404, "UnknownOperationException", "it takes POST"},
		{"OPTIONS", functions, "", 404, "UnknownOperationException", "it takes GET, POST"},
		{"GET", "/", "", 404, "UnknownOperationException", "There is no GET /"},
		{"GET", functions + "//a", "", 404, "UnknownOperationException", ""},
		{"GET", functions + "/../functions", "", 404, "UnknownOperationException", ""},
		{"POST", "/2014-11-13/functions/a/invoke-async/", "{}", 404, "UnknownOperationException", ""},
		{"DELETE", "/2017-03-31/tags/a", "", 400, "InvalidParameterValueException", "tagKeys"},
	}
	for _, tt := range tests {
		res, body := s.call(tt.method, tt.path, tt.body)
		if res.StatusCode != tt.status || res.Header.Get("X-Amzn-Errortype") != tt.kind || !strings.Contains(body, tt.message) || res.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s %s: %d %s %s", tt.method, tt.path, res.StatusCode, res.Header.Get("X-Amzn-Errortype"), body)
		}
	}
	// Lambda's 50 MiB of code are just taken; a byte more is not.
	zip := base64.StdEncoding.EncodeToString(make([]byte, 50<<20+1))
	res, body := s.call("PUT", functions+"/a/code", `{"ZipFile":"`+zip+`"}`)
	if res.StatusCode != 400 || !strings.Contains(body, "52428801") {
		t.Errorf("too much code: %d %.200s", res.StatusCode, body)
	}
	res, body = s.call("PUT", functions+"/a/code", `{"ZipFile":"`+zip+strings.Repeat("A", 2<<20)+`"}`)
	if res.StatusCode != 413 {
		t.Errorf("a body too large: %d %.200s", res.StatusCode, body)
	}
	_, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("a"), Payload: make([]byte, 7<<20)})
	failed(t, err, "RequestTooLargeException", "6291456 bytes for the InvokeFunction operation")
	_, err = s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("a"), InvocationType: types.InvocationTypeEvent, Payload: make([]byte, 2<<20)})
	failed(t, err, "RequestTooLargeException", "1048576 bytes for the InvokeFunction operation")
}

// TestBrokenOff hangs up in the middle of a body.
func TestBrokenOff(t *testing.T) {
	s := serve(t, api.Options{})
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	ok(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"Fun")
	ok(t, err)
	ok(t, c.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(c)
	ok(t, err)
	if !strings.Contains(string(answer), "400 Bad Request") || !strings.Contains(string(answer), "ended early") {
		t.Errorf("answered %s", answer)
	}
	if res, _ := s.call(http.MethodGet, "/2015-03-31/functions", ""); res.StatusCode != 200 {
		t.Errorf("afterwards: %d", res.StatusCode)
	}
}
