package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/build"
	"triptych/faas/function"
	"triptych/internal/child"
	"triptych/lab/bench/measure"
)

// A server is a process that functions are called at.
type server struct {
	name    string
	addr    string
	process *child.Process
	helpers map[int]bool // children that it has before it is called
}

func (s *server) pid() int { return s.process.Pid() }

// stop ends the server and what it has started.
func (s *server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s.process.Stop(ctx)
}

// startServer starts a program that says where it serves, behind http://.
func startServer(ctx context.Context, name, program string, env []string, args ...string) (*server, error) {
	said := make(chan string, 1)
	var last string
	lines := child.NewLines(func(line string) {
		last = line
		if _, addr, ok := strings.Cut(line, "http://"); ok {
			addr, _, _ = strings.Cut(addr, " ")
			select {
			case said <- addr:
			default:
			}
		}
	})
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = lines, lines
	p, err := child.Start(cmd, 0)
	if err != nil {
		return nil, err
	}
	s := &server{name: name, process: p}
	select {
	case s.addr = <-said:
		s.helpers, err = s.functions()
		return s, err
	case <-p.Done():
		return nil, fmt.Errorf("%s ended: %s", name, last)
	case <-ctx.Done():
		s.stop()
		return nil, ctx.Err()
	}
}

// A runner is the one that is measured.
type runner struct {
	*server
	data   string
	client *lambda.Client
}

// runner starts one with an empty data folder.
func (b *bench) runner(ctx context.Context, env ...string) (*runner, error) {
	return b.runnerWith(ctx, nil, env...)
}

// runnerWith starts one with more flags.
func (b *bench) runnerWith(ctx context.Context, flags []string, env ...string) (*runner, error) {
	data, err := os.MkdirTemp(b.dir, "data-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(data, 0o711); err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--data", data, "--isolation", b.isolation}, flags...)
	s, err := startServer(ctx, "runner", b.program, env, args...)
	if err != nil {
		return nil, err
	}
	return &runner{s, data, lambda.New(lambda.Options{
		Region:       function.Region,
		BaseEndpoint: aws.String("http://" + s.addr),
		Credentials:  credentials.NewStaticCredentialsProvider("bench", "bench", ""),
	})}, nil
}

// deploy makes a function whose idle instances are kept for a while; zero is
// the runner's default.
func (r *runner) deploy(ctx context.Context, name string, code build.Zip, keep time.Duration) error {
	return r.deployWith(ctx, name, code, function.Settings{KeepAlive: keep})
}

func (r *runner) deployWith(ctx context.Context, name string, code build.Zip, settings function.Settings) error {
	_, err := r.client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name,
		Code:         &types.FunctionCode{ZipFile: code.Bytes},
		Runtime:      types.RuntimeProvidedal2023,
		Handler:      aws.String("bootstrap"),
		Role:         aws.String("arn:aws:iam::" + function.Account + ":role/bench"),
		Timeout:      aws.Int32(60),
		Tags:         settings.Tags(),
	})
	if err != nil {
		return fmt.Errorf("deploy %s: %w", name, err)
	}
	return lambda.NewFunctionActiveV2Waiter(r.client).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &name}, time.Minute)
}

// unpacked is where the runner keeps code that it has loaded.
func (r *runner) unpacked(code build.Zip) string {
	return filepath.Join(r.data, "code", "unpacked", code.Digest.String())
}

// functions are the processes of functions that there are: its children but
// the helpers.
func (s *server) functions() (map[int]bool, error) {
	family, err := measure.Children(s.pid())
	found := map[int]bool{}
	for pid := range family {
		if !s.helpers[pid] {
			found[pid] = true
		}
	}
	return found, err
}

// quiet waits until a server has no function's process, so that the end of one start is not
// measured with the next.
func (s *server) quiet(ctx context.Context) error {
	for end := time.Now().Add(20 * time.Second); ; {
		family, err := s.functions()
		if err != nil {
			return err
		}
		if len(family) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s still has %d processes", s.name, len(family))
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

var errWarm = errors.New("a start that should have been cold was warm: its report tells no Init Duration")
