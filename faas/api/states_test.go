package api_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/api"
	"triptych/faas/function"
	"triptych/faas/registry"
)

// slow puts code into the data store that cannot be read before the returned
// function is called; then it is found damaged, and after that it is gone.
func (s *served) slow() (function.Digest, func()) {
	s.t.Helper()
	d := function.Sum([]byte(s.t.Name()))
	path := filepath.Join(s.data, "code", "blobs", d.String()+".zip")
	ok(s.t, syscall.Mkfifo(path, 0o600))
	release := sync.OnceFunc(func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for the reader
		ok(s.t, errors.Join(err, f.Close(), os.Remove(path)))
	})
	s.t.Cleanup(release)
	return d, release
}

// TestPending asks for a function whose code is not at hand yet, and then
// cannot be.
func TestPending(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	d, release := s.slow()
	c := &function.Config{Name: "slow", Runtime: "provided.al2023", Code: d, Revision: "r", State: function.Begin(function.Pending)}
	ok(t, c.Check())
	f := &registry.Function{Latest: c}
	f.Publish("", "r1")
	_, err := s.runner.Registry.Create(f)
	ok(t, err)

	name := aws.String("slow")
	got, err := s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name})
	ok(t, err)
	if got.Configuration.State != types.StatePending {
		t.Errorf("state %s", got.Configuration.State)
	}
	busy := map[string]func() error{
		"invoke": func() error { _, err := s.Invoke(ctx, &lambda.InvokeInput{FunctionName: name}); return err },
		"invoke a version": func() error {
			_, err := s.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, Qualifier: aws.String("1")})
			return err
		},
		"send an event": func() error {
			_, err := s.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeEvent})
			return err
		},
		"update code": func() error {
			_, err := s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: program(t, "two")})
			return err
		},
		"update configuration": func() error {
			_, err := s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name})
			return err
		},
		"publish": func() error {
			_, err := s.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name})
			return err
		},
		"alias": func() error {
			_, err := s.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
			return err
		},
	}
	for what, do := range busy {
		err := do()
		if _, typed := errors.AsType[*types.ResourceConflictException](err); !typed {
			t.Errorf("%s: %v", what, err)
		}
	}

	release()
	w := lambda.NewFunctionActiveV2Waiter(s, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, time.Millisecond
	})
	if err := w.Wait(ctx, &lambda.GetFunctionInput{FunctionName: name}, time.Minute); err == nil {
		t.Error("a function whose code is damaged has become active")
	}
	got, err = s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name})
	ok(t, err)
	if c := got.Configuration; c.State != types.StateFailed || c.StateReasonCode != types.StateReasonCodeInvalidZipFileException || *c.StateReason == "" {
		t.Errorf("state %s, %s", c.State, c.StateReasonCode)
	}
	_, err = s.Invoke(ctx, &lambda.InvokeInput{FunctionName: name})
	failed(t, err, "ResourceConflictException", "Failed")

	// It is mended by deploying it again.
	_, err = s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: program(t, "two")})
	ok(t, err)
	s.active("slow")
	if a := s.answer("slow", ""); a.Code != "two" {
		t.Errorf("answered %+v", a)
	}
}

// TestDeletedBeforeItWasActive removes a function whose code is not at hand yet.
func TestDeletedBeforeItWasActive(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	d, release := s.slow()
	c := &function.Config{Name: "slow", Runtime: "provided.al2023", Code: d, Revision: "r", State: function.Begin(function.Pending)}
	ok(t, c.Check())
	_, err := s.runner.Registry.Create(&registry.Function{Latest: c})
	ok(t, err)
	_, err = s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("slow")})
	ok(t, err)
	s.must("slow") // another of its name, with code of its own
	release()
	if a := s.answer("slow", ""); a.Code != "one" {
		t.Errorf("answered %+v", a)
	}
}

// TestInProgress calls a function while its next code is not at hand yet, and
// then cannot be: what ran before runs on.
func TestInProgress(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a")
	d, release := s.slow()
	_, err := s.runner.Registry.Change("a", func(f *registry.Function) error {
		c := f.Latest.Clone()
		c.Code, c.Revision = d, "next"
		f.Deploy(c)
		return nil
	})
	ok(t, err)
	state := func() *types.FunctionConfiguration {
		got, err := s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("a")})
		ok(t, err)
		return got.Configuration
	}
	if c := state(); c.State != types.StateActive || c.LastUpdateStatus != types.LastUpdateStatusInProgress {
		t.Errorf("state %s, %s", c.State, c.LastUpdateStatus)
	}
	if a := s.answer("a", ""); a.Code != "one" {
		t.Errorf("answered %+v", a)
	}
	_, err = s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("a"), ZipFile: program(t, "two")})
	failed(t, err, "ResourceConflictException", "An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:a")

	release()
	w := lambda.NewFunctionUpdatedV2Waiter(s, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, time.Millisecond
	})
	if err := w.Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("a")}, time.Minute); err == nil {
		t.Error("an update with damaged code was successful")
	}
	if c := state(); c.LastUpdateStatus != types.LastUpdateStatusFailed || c.LastUpdateStatusReasonCode != types.LastUpdateStatusReasonCodeInvalidZipFileException {
		t.Errorf("state %s, %s", c.LastUpdateStatus, c.LastUpdateStatusReasonCode)
	}
	if a := s.answer("a", ""); a.Code != "one" {
		t.Errorf("answered %+v", a)
	}
	_, err = s.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String("a")})
	failed(t, err, "ResourceConflictException", "failed")
	// A change of its configuration has the code tried again.
	again, err := s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("a"), Timeout: aws.Int32(9)})
	ok(t, err)
	if again.LastUpdateStatus != types.LastUpdateStatusInProgress {
		t.Errorf("changed as %s", again.LastUpdateStatus)
	}
	if err := w.Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("a")}, time.Minute); err == nil {
		t.Error("damaged code was successful at the second time")
	}
	_, err = s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("a"), ZipFile: program(t, "two")})
	ok(t, err)
	s.updated("a")
	if c := state(); *c.Timeout != 9 {
		t.Errorf("timeout %d", *c.Timeout)
	}
	if a := s.answer("a", ""); a.Code != "two" {
		t.Errorf("answered %+v", a)
	}
}

// TestPublishOnUpdate has a version of its own for new code.
func TestPublishOnUpdate(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	out, err := s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("a"), ZipFile: program(t, "two"), Publish: true})
	ok(t, err)
	if *out.Version != "2" || out.State != types.StatePending || *out.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:a:2" {
		t.Errorf("updated as version %s, %s", *out.Version, out.State)
	}
	w := lambda.NewPublishedVersionActiveWaiter(s, func(o *lambda.PublishedVersionActiveWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, time.Millisecond
	})
	ok(t, w.Wait(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("a"), Qualifier: aws.String("2")}, time.Minute))
	for qualifier, code := range map[string]string{"1": "one", "2": "two", "": "two"} {
		if a := s.answer("a", qualifier); a.Code != code {
			t.Errorf("%q answered %+v", qualifier, a)
		}
	}
}

// TestManyAtOnce changes one function from many sides: no change is lost, and
// none is there by half.
func TestManyAtOnce(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a")
	const each = 8
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range each {
			name := string(rune('a' + i))
			_, err := s.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String("arn:aws:lambda:us-east-1:000000000000:function:a"), Tags: map[string]string{name: name}})
			if err != nil {
				t.Error(err)
			}
		}
	})
	conflicts := func(err error) bool { // an update is under way: try again
		_, conflict := errors.AsType[*types.ResourceConflictException](err)
		if err != nil && !conflict {
			t.Error(err)
		}
		return conflict
	}
	wg.Go(func() {
		for i := range each {
			for conflicts(func() error {
				_, err := s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("a"), Timeout: aws.Int32(int32(10 + i)), MemorySize: aws.Int32(int32(200 + i))})
				return err
			}()) {
			}
		}
	})
	for _, name := range []string{"x", "y"} {
		wg.Go(func() {
			for i := range each {
				zip := program(t, name+string(rune('0'+i)))
				for conflicts(func() error {
					_, err := s.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("a"), ZipFile: zip, Publish: true})
					return err
				}()) {
				}
			}
		})
	}
	wg.Wait()
	s.updated("a")
	f, err := s.runner.Registry.Get("a")
	ok(t, err)
	if len(f.Tags) != each || len(f.Versions) != 2*each || f.Before != nil || f.Latest.Timeout != (10+each-1)*time.Second {
		t.Errorf("%d tags, %d versions, timeout %s", len(f.Tags), len(f.Versions), f.Latest.Timeout)
	}
	codes := map[function.Digest]bool{}
	for i, c := range f.Versions {
		codes[c.Code] = true
		if c.Memory != 128 && c.Memory-200 != int(c.Timeout/time.Second)-10 {
			t.Errorf("version %d: %d MB and %s were not set together", i, c.Memory, c.Timeout)
		}
		if !c.State.Done() {
			t.Errorf("version %d is %s", i, c.State.Status)
		}
	}
	if len(codes) != 2*each {
		t.Errorf("%d codes", len(codes))
	}
}
