// Listener prints the records that wake it, and fails with those that say "bad".
package main

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(listen) }

func listen(_ context.Context, e events.KafkaEvent) error {
	for partition, records := range e.Records {
		for _, r := range records {
			said, err := base64.StdEncoding.DecodeString(r.Value)
			if err != nil {
				return err
			}
			if string(said) == "bad" {
				return fmt.Errorf("record %d of %s is bad", r.Offset, partition)
			}
			fmt.Printf("%s %d: %s\n", partition, r.Offset, said)
		}
	}
	return nil
}
