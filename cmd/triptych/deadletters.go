package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"triptych/internal/kafka"
	"triptych/lab/launch"
	_ "triptych/proto/events/v1" // so that show knows the events
)

// deadLettersTimeout is for all of a command: the log is on this machine, or
// near.
const deadLettersTimeout = 30 * time.Second

// deadLetters lists, shows and replays the messages that services could not
// handle.
func deadLetters(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	flags := flag.NewFlagSet("dead-letters", flag.ContinueOnError)
	brokers := flags.String("brokers", getenv("KAFKA_BROKERS"), "")
	all := flags.Bool("all", false, "")
	words, err := parseWords(flags, args)
	if err != nil {
		return err
	}
	if *brokers == "" {
		if *brokers, err = runningBrokers(); err != nil {
			return err
		}
	}
	do, err := deadLettersCommand(words, *all, out)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deadLettersTimeout)
	defer cancel()
	log, err := kafka.Open(*brokers)
	if err != nil {
		return err
	}
	defer log.Close()
	if err := log.Ready(ctx); err != nil {
		return err
	}
	return do(ctx, log)
}

func deadLettersCommand(words []string, all bool, out *screen) (func(context.Context, *kafka.Client) error, error) {
	switch command, ids := words[0], words[1:]; {
	case command == "list" && len(ids) == 0 && !all:
		return func(ctx context.Context, log *kafka.Client) error { return listLetters(ctx, log, out) }, nil
	case command == "show" && len(ids) == 1 && !all:
		return func(ctx context.Context, log *kafka.Client) error { return showLetter(ctx, log, ids[0], out) }, nil
	case command == "replay" && len(ids) > 0 && !all:
		return func(ctx context.Context, log *kafka.Client) error { return replayLetters(ctx, log, ids, out) }, nil
	case command == "replay" && len(ids) == 0 && all:
		return func(ctx context.Context, log *kafka.Client) error { return replayAll(ctx, log, out) }, nil
	}
	return nil, usageError{errors.New("dead-letters is followed by list, show ID, replay ID or replay --all")}
}

// parseWords reads flags that may stand before, between and behind words.
func parseWords(flags *flag.FlagSet, args []string) (words []string, err error) {
	flags.SetOutput(io.Discard)
	for {
		if err := flags.Parse(args); err != nil {
			return nil, usageError{fmt.Errorf("%w; triptych help lists the flags", err)}
		}
		if flags.NArg() == 0 {
			break
		}
		words, args = append(words, flags.Arg(0)), flags.Args()[1:]
	}
	if len(words) == 0 {
		words = []string{"list"}
	}
	return words, nil
}

// runningBrokers returns the broker of the microservices that are up on this
// machine.
func runningBrokers() (string, error) {
	root, err := launch.FindRoot()
	if err != nil {
		return "", err
	}
	state, running, err := launch.ReadState(dataFolder(root, microservices))
	switch {
	case err != nil:
		return "", err
	case !running || state.Brokers == "":
		return "", errors.New("no microservices are up here: name the broker with --brokers or KAFKA_BROKERS")
	}
	return state.Brokers, nil
}

func listLetters(ctx context.Context, log *kafka.Client, out *screen) error {
	letters, err := log.Letters(ctx)
	if err != nil {
		return err
	}
	if len(letters) == 0 {
		out.print("There are no dead letters.\n")
		return nil
	}
	for _, l := range letters {
		reason, _, _ := strings.Cut(l.Reason, "\n")
		out.print("%s  %s  %s of %s, given up at attempt %d: %s\n",
			l.Time.Local().Format(time.DateTime), plain(l.ID), plain(l.Message.Type), plain(l.Message.Key), l.Message.Attempt, plain(reason))
	}
	return nil
}

func showLetter(ctx context.Context, log *kafka.Client, id string, out *screen) error {
	l, err := log.Letter(ctx, id)
	if err != nil {
		return err
	}
	m := l.Message
	for _, line := range [][2]string{
		{"letter", l.ID},
		{"since", l.Time.Local().Format(time.DateTime)},
		{"group", l.Group},
		{"from", fmt.Sprintf("topic %s, partition %d, offset %d", m.Topic, m.Partition, m.Offset)},
		{"key", m.Key},
		{"message", m.ID.String()},
		{"type", m.Type},
		{"caused", m.Time.Local().Format(time.DateTime)},
		{"trace", m.Trace["traceparent"]},
		{"attempts", strconv.Itoa(m.Attempt)},
		{"reason", l.Reason},
	} {
		for row := range strings.SplitSeq(line[1], "\n") { // a panic's reason has many
			out.print("%-10s%s\n", line[0], plain(strings.ReplaceAll(row, "\t", "    ")))
			line[0] = ""
		}
	}
	out.print("\n%s\n", payload(m.Type, m.Value))
	return nil
}

// payload is a message as JSON when its type is known and fits, and otherwise
// its bytes.
func payload(name string, value []byte) string {
	if t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name)); err == nil {
		m := t.New().Interface()
		if err := proto.Unmarshal(value, m); err == nil {
			return protojson.Format(m)
		}
	}
	return strings.TrimSpace(hex.Dump(value))
}

func replayLetters(ctx context.Context, log *kafka.Client, ids []string, out *screen) error {
	for _, id := range ids {
		if err := log.Replay(ctx, id); err != nil {
			return err
		}
		out.print("%s is tried again.\n", id)
	}
	return nil
}

func replayAll(ctx context.Context, log *kafka.Client, out *screen) error {
	letters, err := log.Letters(ctx)
	if err != nil {
		return err
	}
	if len(letters) == 0 {
		out.print("There are no dead letters.\n")
	}
	ids := make([]string, len(letters))
	for i, l := range letters {
		ids[i] = l.ID
	}
	return replayLetters(ctx, log, ids, out)
}
