// Tell writes each of its arguments but the first, which is a topic, as a record
// of that, and makes the topic if need be. The brokers are those of KAFKA_BROKERS,
// or the one that comes with Triptych.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"triptych/internal/kafka"
)

func main() {
	if err := tell(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tell:", err)
		os.Exit(1)
	}
}

func tell(args []string) error {
	if len(args) < 2 {
		return errors.New("say which topic, and what: tell TOPIC TEXT…")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	topic := args[0]
	client, err := kafka.Open(cmp.Or(os.Getenv("KAFKA_BROKERS"), "127.0.0.1:9094"), kafka.Topic{Name: topic, Partitions: 2})
	if err != nil {
		return err
	}
	defer client.Close()
	var messages []kafka.Message
	for _, text := range args[1:] {
		messages = append(messages, kafka.Message{Topic: topic, ID: uuid.New(), Key: text, Value: []byte(text), Time: time.Now()})
	}
	return client.Publish(ctx, messages...)
}
