package faas

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/build"
	"triptych/internal/child"
)

// program is cmd/faas, built once.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "faas-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "faas")
	if out, err := exec.Command("go", "build", "-o", program, "triptych/cmd/faas").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build cmd/faas: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// A served is a runner that serves in a process of its own.
type served struct {
	*child.Process
	client *lambda.Client
}

// serve starts a runner and returns when it serves. What t leaves running is
// killed at its end.
func serve(t *testing.T, data string, flags ...string) *served {
	t.Helper()
	addr := make(chan string, 1)
	lines := child.NewLines(func(line string) {
		if _, found, ok := strings.Cut(line, "at http://"); ok {
			select {
			case addr <- strings.Fields(found)[0]:
			default:
			}
		}
		t.Log(line)
	})
	cmd := exec.Command(program, append([]string{"serve", "--addr", "127.0.0.1:0", "--data", data}, flags...)...)
	cmd.Stdout, cmd.Stderr = lines, lines
	p, err := child.Start(cmd, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	select {
	case a := <-addr:
		return &served{p, client(a)}
	case <-p.Done():
		t.Fatalf("the runner has ended: %v", p.Wait())
	case <-time.After(2 * time.Minute):
		t.Fatal("the runner does not say where it serves")
	}
	return nil
}

func client(addr string) *lambda.Client {
	return lambda.New(lambda.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://" + addr),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// folder is an empty one for a runner's data, which functions' users may pass
// through.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// deploy makes the code in a folder of testdata a function.
func (s *served) deploy(t *testing.T, name string, in lambda.CreateFunctionInput) {
	t.Helper()
	zip, err := build.Package(t.Context(), filepath.Join("testdata", name), build.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in.FunctionName = &name
	in.Code = &types.FunctionCode{ZipFile: zip.Bytes}
	in.Runtime, in.Handler, in.Role = types.RuntimeProvidedal2023, aws.String("bootstrap"), aws.String("arn:aws:iam::000000000000:role/x")
	if _, err := s.client.CreateFunction(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
	if err := lambda.NewFunctionActiveV2Waiter(s.client).Wait(t.Context(), &lambda.GetFunctionInput{FunctionName: &name}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// send queues an event.
func (s *served) send(ctx context.Context, name string, event string) error {
	_, err := s.client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName:   &name,
		InvocationType: types.InvocationTypeEvent,
		Payload:        []byte(event),
	})
	return err
}

// processes lists the processes whose code lies under a folder: those of a
// runner's functions, and what they started.
func processes(t *testing.T, data string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range all {
		environ, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(environ), "LAMBDA_TASK_ROOT="+data) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
			found = append(found, filepath.Base(filepath.Dir(name))+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// lines reads lines until there are no more.
func lines(r *bufio.Reader, each func(string)) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		each(strings.TrimSuffix(line, "\n"))
	}
}
