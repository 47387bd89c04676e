// Command faas is the function runner on its own: it serves AWS Lambda's API on
// this machine, and is a client of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
)

// The main goroutine stays on the process's first thread: threads that start
// functions confine themselves, and that one must not be among them.
func init() { runtime.LockOSThread() }

// A usageError is something wrong with how the program was called: exit code 2.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], terminal{os.Getenv, os.Stdin, os.Stdout, os.Stderr})
	var wrong usageError
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintln(os.Stderr, "faas:", err)
		os.Exit(2)
	case err != nil && ctx.Err() == nil:
		fmt.Fprintln(os.Stderr, "faas:", err)
		os.Exit(1)
	}
}

// A terminal is what a command reads from and writes to.
type terminal struct {
	getenv func(string) string
	in     io.Reader
	out    io.Writer
	err    io.Writer // what is said beside the result
}

// commands are what the first argument can be.
var commands = map[string]func(context.Context, []string, terminal) error{
	"serve":  serveAPI,
	"deploy": deploy,
	"invoke": invoke,
	"list":   list,
	"rm":     remove,
}

func run(ctx context.Context, args []string, t terminal) error {
	if len(args) == 0 || slices.ContainsFunc(args, func(a string) bool { return slices.Contains([]string{"help", "-h", "-help", "--help"}, a) }) {
		_, err := io.WriteString(t.out, usage)
		return err
	}
	command, ok := commands[args[0]]
	if !ok {
		return usageError{fmt.Errorf("there is no command %q; faas help lists them", args[0])}
	}
	return command(ctx, args[1:], t)
}

// parse reads a command's flags, which may stand before and after its other
// arguments, and returns those.
func parse(flags *flag.FlagSet, args []string, least, most int, want string) ([]string, error) {
	flags.SetOutput(io.Discard)
	var others []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, usageError{fmt.Errorf("%s: %w; faas help lists the flags", flags.Name(), err)}
		}
		if flags.NArg() == 0 {
			break
		}
		others, args = append(others, flags.Arg(0)), flags.Args()[1:]
	}
	if len(others) < least || len(others) > most {
		return nil, usageError{fmt.Errorf("usage: faas %s", want)}
	}
	return others, nil
}
