package deploy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/function"
)

// patience is how long a function may take to be active.
const patience = 2 * time.Minute

// The waiter of the SDK asks every second; here it takes milliseconds.
const soon, late = 20 * time.Millisecond, time.Second

// function creates the function, or updates its code and configuration.
func (d *deployment) function() error {
	out, err := d.client.GetFunction(d.ctx, &lambda.GetFunctionInput{FunctionName: &d.want.Name})
	if missing(err) {
		return d.create()
	}
	if err != nil {
		return err
	}
	// First, as it is what can be refused for what others have.
	if err := d.concurrency(out); err != nil {
		return err
	}
	if aws.ToString(out.Configuration.CodeSha256) != d.want.Zip.Digest.Base64() {
		if err := d.updateCode(); err != nil {
			return err
		}
	}
	return d.configure(out.Configuration)
}

func missing(err error) bool {
	_, ok := errors.AsType[*types.ResourceNotFoundException](err)
	return ok
}

func (d *deployment) create() error {
	f := d.want
	in := &lambda.CreateFunctionInput{
		FunctionName:     &f.Name,
		Code:             &types.FunctionCode{ZipFile: f.Zip.Bytes},
		Runtime:          types.Runtime(or(f.Runtime, string(types.RuntimeProvidedal2023))),
		Handler:          aws.String(or(f.Handler, "bootstrap")),
		Role:             aws.String("arn:aws:iam::" + function.Account + ":role/" + f.Name), // of no effect here
		Description:      f.Description,
		MemorySize:       int32s(f.Memory),
		Timeout:          seconds(f.Timeout),
		EphemeralStorage: storage(f.TmpSize),
		Environment:      environment(f.Env),
		TracingConfig:    tracing(f.Tracing),
		Tags:             f.Tags,
	}
	if or(f.DeadLetter, "") != "" {
		in.DeadLetterConfig = deadLetter(f.DeadLetter)
	}
	if f.Arch != "" {
		in.Architectures = []types.Architecture{types.Architecture(f.Arch)}
	}
	d.change.Created = true
	if _, err := d.client.CreateFunction(d.ctx, in); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	wait := lambda.NewFunctionActiveV2Waiter(d.client, func(o *lambda.FunctionActiveV2WaiterOptions) { o.MinDelay, o.MaxDelay = soon, late })
	out, err := wait.WaitForOutput(d.ctx, &lambda.GetFunctionInput{FunctionName: &f.Name}, patience)
	if err == nil {
		return nil
	}
	if out == nil {
		if now, e := d.client.GetFunction(d.ctx, &lambda.GetFunctionInput{FunctionName: &f.Name}); e == nil {
			out = now
		}
	}
	return fmt.Errorf("wait until it is active: %w", reason(out, err))
}

func (d *deployment) updateCode() error {
	_, err := d.client.UpdateFunctionCode(d.ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &d.want.Name, ZipFile: d.want.Zip.Bytes})
	if err != nil {
		return fmt.Errorf("update the code: %w", err)
	}
	d.changed("code")
	return d.updated()
}

// updated waits until what was changed holds.
func (d *deployment) updated() error {
	wait := lambda.NewFunctionUpdatedV2Waiter(d.client, func(o *lambda.FunctionUpdatedV2WaiterOptions) { o.MinDelay, o.MaxDelay = soon, late })
	in := &lambda.GetFunctionInput{FunctionName: &d.want.Name}
	if err := wait.Wait(d.ctx, in, patience); err != nil {
		now, _ := d.client.GetFunction(d.ctx, in)
		return fmt.Errorf("wait until the change holds: %w", reason(now, err))
	}
	return nil
}

// reason is why a function is not active, if it says so.
func reason(out *lambda.GetFunctionOutput, err error) error {
	if out == nil || out.Configuration == nil {
		return err
	}
	if s := cmp.Or(aws.ToString(out.Configuration.StateReason), aws.ToString(out.Configuration.LastUpdateStatusReason)); s != "" {
		return errors.New(s)
	}
	return err
}

// configure changes what of the configuration is not as wanted.
func (d *deployment) configure(now *types.FunctionConfiguration) error {
	f := d.want
	in := &lambda.UpdateFunctionConfigurationInput{FunctionName: &f.Name}
	var what []string
	differ := func(name string, is bool, set func()) {
		if is {
			what = append(what, name)
			set()
		}
	}
	differ("description", other(f.Description, aws.ToString(now.Description)), func() { in.Description = f.Description })
	differ("runtime", other(f.Runtime, string(now.Runtime)), func() { in.Runtime = types.Runtime(*f.Runtime) })
	differ("handler", other(f.Handler, aws.ToString(now.Handler)), func() { in.Handler = f.Handler })
	differ("memory", other(f.Memory, int(aws.ToInt32(now.MemorySize))), func() { in.MemorySize = int32s(f.Memory) })
	differ("timeout", other(seconds(f.Timeout), aws.ToInt32(now.Timeout)), func() { in.Timeout = seconds(f.Timeout) })
	differ("tmp", now.EphemeralStorage != nil && other(int32s(f.TmpSize), aws.ToInt32(now.EphemeralStorage.Size)), func() { in.EphemeralStorage = storage(f.TmpSize) })
	differ("environment", f.Env != nil && !maps.Equal(f.Env, variables(now)), func() { in.Environment = environment(f.Env) })
	differ("dead letters", other(f.DeadLetter, target(now)), func() { in.DeadLetterConfig = deadLetter(f.DeadLetter) })
	differ("tracing", now.TracingConfig != nil && other(f.Tracing, string(now.TracingConfig.Mode)), func() { in.TracingConfig = tracing(f.Tracing) })
	if len(what) == 0 {
		return nil
	}
	if _, err := d.client.UpdateFunctionConfiguration(d.ctx, in); err != nil {
		return fmt.Errorf("update the configuration: %w", err)
	}
	for _, w := range what {
		d.changed(w)
	}
	return d.updated()
}
