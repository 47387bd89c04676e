// Command bootstrap is a function that does what its tests ask for: by its
// handler's name, and by its events.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-lambda-go/lambdaurl"
)

type event struct {
	Do    string `json:"do"`
	Text  string `json:"text"`
	Count int    `json:"count"`
}

func main() {
	name := os.Getenv("_HANDLER")
	if handler, ok := signatures[name]; ok {
		lambda.Start(handler)
	}
	switch name {
	case "url":
		lambdaurl.Start(http.HandlerFunc(serve))
	case "many": // bytes, as fast as they are read
		lambda.Start(func(context.Context, event) (io.Reader, error) { return io.LimitReader(zeros{}, 1<<30), nil })
	case "sigterm":
		lambda.StartWithOptions(do, lambda.WithEnableSIGTERM(func() {
			fmt.Println("asked to end")
			time.Sleep(time.Hour)
		}))
	case "sigterm-obeyed":
		lambda.StartWithOptions(do, lambda.WithEnableSIGTERM(func() {
			fmt.Println("asked to end")
			os.Exit(0)
		}))
	case "meet":
		lambda.Start(meet)
	case "init-exit":
		fmt.Println("cannot begin")
		os.Exit(7)
	case "init-panic":
		panic("cannot begin")
	case "init-second":
		// The first of an environment fails.
		if made := os.Mkdir(os.TempDir()+"/begun", 0o700); made == nil {
			os.Exit(1)
		}
		time.Sleep(200 * time.Millisecond)
		lambda.Start(do)
	default:
		fmt.Println("begin")
		lambda.Start(do)
	}
}

type in struct{ Name string }
type out struct{ Hello string }

// signatures is one handler of every kind that aws-lambda-go takes.
var signatures = map[string]any{
	"()":                 func() { fmt.Println("called") },
	"() error":           func() error { return errors.New("of () error") },
	"(in)":               func(in) {},
	"(in) error":         func(i in) error { return errors.New("of " + i.Name) },
	"() (out, error)":    func() (out, error) { return out{"nobody"}, nil },
	"(in) (out, error)":  func(i in) (out, error) { return out{i.Name}, nil },
	"(ctx)":              func(context.Context) {},
	"(ctx) error":        func(context.Context) error { return nil },
	"(ctx, in)":          func(context.Context, in) {},
	"(ctx, in) error":    func(context.Context, in) error { return nil },
	"(ctx) (out, error)": func(context.Context) (out, error) { return out{"nobody"}, nil },
	"(ctx, in) (out, error)": func(_ context.Context, i in) (out, error) {
		return out{i.Name}, nil
	},
	"(ctx, in) (reader, error)": func(_ context.Context, i in) (io.Reader, error) {
		return strings.NewReader("as it is: " + i.Name), nil
	},
	"(ctx, string) (*out, error)": func(context.Context, string) (*out, error) { return nil, nil },
	"Handler":                     raw{},
}

// raw is a lambda.Handler.
type raw struct{}

func (raw) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	return slices.Concat([]byte("raw "), payload), nil
}

type namedError struct{ text string }

func (e namedError) Error() string { return e.text }

var (
	calls   int
	ticks   int
	ticking sync.Once
)

// do does what the event says.
func do(ctx context.Context, e event) (any, error) {
	calls++
	if f, ok := deeds[e.Do]; ok {
		return f(ctx, e)
	}
	return nil, fmt.Errorf("no such deed: %s", e.Do)
}

var deeds = map[string]func(context.Context, event) (any, error){
	"count":       func(context.Context, event) (any, error) { return calls, nil },
	"echo":        func(_ context.Context, e event) (any, error) { time.Sleep(ms(e.Count)); return e.Text, nil },
	"error":       func(_ context.Context, e event) (any, error) { return nil, errors.New(e.Text) },
	"named-error": func(_ context.Context, e event) (any, error) { return nil, &namedError{e.Text} },
	"panic":       func(_ context.Context, e event) (any, error) { panic(e.Text) },
	"panic-error": func(_ context.Context, e event) (any, error) { panic(namedError{e.Text}) },
	"exit":        func(_ context.Context, e event) (any, error) { os.Exit(e.Count); return nil, nil },
	"kill": func(_ context.Context, e event) (any, error) {
		return nil, errors.Join(syscall.Kill(os.Getpid(), syscall.Signal(e.Count)), fmt.Errorf("%v", <-make(chan int)))
	},
	"hog":   func(_ context.Context, e event) (any, error) { return hog(e.Count), nil },
	"sleep": func(_ context.Context, e event) (any, error) { time.Sleep(ms(e.Count)); return calls, nil },
	"print": func(_ context.Context, e event) (any, error) { fmt.Print(e.Text); return nil, nil },
	"print-much": func(_ context.Context, e event) (any, error) {
		fmt.Println(strings.Repeat("x", e.Count))
		return nil, nil
	},
	"print-bytes": func(_ context.Context, e event) (any, error) {
		_, err := os.Stderr.Write([]byte{0, 1, 0xff, 0xfe, '\n'})
		return nil, err
	},
	"print-later": func(_ context.Context, e event) (any, error) {
		go func() { time.Sleep(ms(e.Count)); fmt.Println(e.Text) }()
		return nil, nil
	},
	"print-always": func(context.Context, event) (any, error) {
		go func() {
			for {
				fmt.Println("more")
			}
		}()
		return nil, nil
	},
	"environment": func(context.Context, event) (any, error) { return os.Environ(), nil },
	"folder":      func(context.Context, event) (any, error) { return os.Getwd() },
	"context":     aboutContext,
	"keep": func(_ context.Context, e event) (any, error) {
		return nil, os.WriteFile(os.TempDir()+"/kept", []byte(e.Text), 0o600)
	},
	"kept": func(context.Context, event) (any, error) {
		b, err := os.ReadFile(os.TempDir() + "/kept")
		return fmt.Sprintf("%s %v %d", b, errors.Is(err, os.ErrNotExist), calls), nil
	},
	"tmp": func(context.Context, event) (any, error) { return os.TempDir(), nil },
	"pid": func(context.Context, event) (any, error) { return os.Getpid(), nil },
	"size": func(_ context.Context, e event) (any, error) {
		return strings.NewReader(strings.Repeat("x", e.Count)), nil
	},
	"broken-reader": func(_ context.Context, e event) (any, error) {
		return io.MultiReader(strings.NewReader("a beginning"), &badReader{namedError{e.Text}}), nil
	},
	"tick": func(context.Context, event) (any, error) {
		ticking.Do(func() {
			go func() {
				for range time.Tick(time.Millisecond) {
					ticks++
				}
			}()
		})
		return ticks, nil
	},
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func hog(mb int) int {
	var all [][]byte
	for range mb {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = 1
		}
		all = append(all, b)
		time.Sleep(time.Millisecond)
	}
	return len(all)
}

type badReader struct{ err error }

func (r *badReader) Read([]byte) (int, error) { return 0, r.err }

// aboutContext tells what an event came with.
func aboutContext(ctx context.Context, _ event) (any, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, ok := ctx.Deadline()
	return map[string]any{
		"id":       lc.AwsRequestID,
		"arn":      lc.InvokedFunctionArn,
		"client":   lc.ClientContext.Client.AppTitle,
		"custom":   lc.ClientContext.Custom,
		"left":     time.Until(deadline).Round(time.Second).Seconds(),
		"deadline": ok,
		"trace":    ctx.Value("x-amzn-trace-id"),
		"traceEnv": os.Getenv("_X_AMZN_TRACE_ID"),
		"name":     lambdacontext.FunctionName,
		"version":  lambdacontext.FunctionVersion,
		"memory":   lambdacontext.MemoryLimitInMB,
		"group":    lambdacontext.LogGroupName,
		"slots":    lambdacontext.MaxConcurrency(),
	}, nil
}

var (
	met     sync.Mutex
	waiting []chan int
)

// meet answers when as many events are in this process as each says, with how
// many there are.
func meet(ctx context.Context, e event) (string, error) {
	arrived := make(chan int, 1)
	met.Lock()
	waiting = append(waiting, arrived)
	if n := len(waiting); n == e.Count {
		for _, c := range waiting {
			c <- n
		}
		waiting = nil
	}
	met.Unlock()
	select {
	case n := <-arrived:
		return fmt.Sprint(os.Getpid(), " ", n), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// MarshalJSON has aws-lambda-go take it for a stream.
func (zeros) MarshalJSON() ([]byte, error) { return nil, errors.New("not JSON") }

// serve is a web server's handler, as lambdaurl makes a function of it.
func serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Path", r.URL.Path)
	w.WriteHeader(http.StatusTeapot)
	fmt.Fprint(w, "first,")
	if r.URL.Path == "/panic" {
		panic("in the middle")
	}
	fmt.Fprint(w, "second")
}
