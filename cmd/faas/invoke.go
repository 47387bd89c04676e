package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	middleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// invoke runs a function and prints its answer.
func invoke(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := to.flags("invoke", t)
	qualifier := flags.String("qualifier", "", "")
	queue := flags.Bool("async", false, "")
	log := flags.Bool("log", false, "")
	rest, err := parse(flags, args, 1, 2, "invoke NAME [EVENT] [--qualifier Q] [--async] [--log]")
	if err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	if *queue && *log {
		return usageError{errors.New("invoke: an event that is only queued has no log yet: leave out --async or --log")}
	}
	event := []byte("{}")
	if len(rest) == 2 {
		if event, err = readEvent(rest[1], t.in); err != nil {
			return err
		}
	}
	in := &lambda.InvokeInput{FunctionName: &rest[0], Payload: event}
	if *qualifier != "" {
		in.Qualifier = qualifier
	}
	if *log {
		in.LogType = types.LogTypeTail
	}
	if *queue {
		in.InvocationType = types.InvocationTypeEvent
	}
	out, err := to.lambda().Invoke(ctx, in)
	if err != nil {
		return to.explain("invoke "+rest[0], err)
	}
	if *queue {
		id, _ := middleware.GetRequestIDMetadata(out.ResultMetadata)
		fmt.Fprintf(t.out, "queued as %s\n", id)
		return nil
	}
	return answer(t, rest[0], out)
}

// answer prints what a function has answered. That it failed is an error too.
func answer(t terminal, name string, out *lambda.InvokeOutput) error {
	if out.LogResult != nil {
		if tail, err := base64.StdEncoding.DecodeString(*out.LogResult); err == nil {
			_, _ = t.err.Write(tail)
		}
	}
	fmt.Fprintf(t.out, "%s\n", bytes.TrimSuffix(out.Payload, []byte("\n")))
	if out.FunctionError == nil {
		return nil
	}
	var said struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(out.Payload, &said) != nil || said.ErrorMessage == "" {
		return fmt.Errorf("%s failed", name)
	}
	return fmt.Errorf("%s failed: %s (%s)", name, said.ErrorMessage, said.ErrorType)
}

// readEvent reads an event as it was given on the command line.
func readEvent(arg string, in io.Reader) (event []byte, err error) {
	from := "the event"
	switch {
	case arg == "-":
		from = "standard input"
		event, err = io.ReadAll(in)
	case strings.HasPrefix(arg, "@"):
		from = arg[1:]
		event, err = os.ReadFile(from)
	default:
		event = []byte(arg)
	}
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	if len(bytes.TrimSpace(event)) == 0 {
		return nil, usageError{fmt.Errorf("%s is empty: give JSON, such as {}", from)}
	}
	var v any
	if err := json.Unmarshal(event, &v); err != nil {
		return nil, usageError{fmt.Errorf("%s is not JSON: %w%s", from, err, where(event, err))}
	}
	return event, nil
}

// where says at which place of a text JSON is broken, and shows it.
func where(text []byte, err error) string {
	bad, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return ""
	}
	at := int(max(0, bad.Offset-1)) // the offset is behind the byte that is wrong
	line := bytes.Count(text[:at], []byte("\n")) + 1
	begin := bytes.LastIndexByte(text[:at], '\n') + 1
	shown, _, _ := bytes.Cut(text[begin:], []byte("\n"))
	column := at - begin + 1
	if cut := column - 40; cut > 0 {
		shown = append([]byte("…"), shown[cut:]...)
	}
	if len(shown) > 80 {
		shown = append(shown[:80:80], "…"...)
	}
	return fmt.Sprintf(", at line %d, column %d: %s", line, column, shown)
}
