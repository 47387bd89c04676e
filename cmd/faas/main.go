// Command faas is the function runner on its own: it serves AWS Lambda's API on
// this machine, and is a client of it.
package main

import (
	"context"
	"errors"
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // whoever interrupts twice does not want to wait
	err := run(ctx, os.Args[1:], terminal{os.Getenv, os.Stdin, os.Stdout, os.Stderr})
	if err != nil && !errors.Is(err, context.Canceled) { // interrupted; who did it knows
		fmt.Fprintln(os.Stderr, "faas:", err)
	}
	os.Exit(exitCode(err))
}

// exitCode is 0 when all went well, 2 when the program was called wrongly, and
// otherwise 1.
func exitCode(err error) int {
	var wrong usageError
	switch {
	case errors.As(err, &wrong):
		return 2
	case err != nil:
		return 1
	}
	return 0
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
	"build":  buildCode,
	"deploy": deployCode,
	"invoke": invoke,
	"list":   list,
	"logs":   logs,
	"rm":     remove,
	"stats":  showStats,
	"topics": topics,
	"queues": queues,
}

func run(ctx context.Context, args []string, t terminal) error {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		_, err := io.WriteString(t.out, usage)
		return err
	}
	command, ok := commands[args[0]]
	if !ok {
		return usageError{fmt.Errorf("there is no command %q; faas help lists them", args[0])}
	}
	err := command(ctx, args[1:], t)
	if errors.Is(err, errHelp) {
		_, err = io.WriteString(t.out, usage)
	}
	return err
}
