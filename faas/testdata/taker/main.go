// Taker tells a listener the number in each record that it gets, and fails with a
// batch that has a number below 0 in it.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	conn, err := net.Dial("tcp", os.Getenv("LISTENER"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	heard := bufio.NewReader(conn)
	lambda.Start(func(_ context.Context, e events.KafkaEvent) error {
		for _, records := range e.Records {
			for _, r := range records {
				number, err := base64.StdEncoding.DecodeString(r.Value)
				if err != nil {
					return err
				}
				if strings.HasPrefix(string(number), "-") {
					return errors.New("this is poison")
				}
				if _, err := fmt.Fprintln(conn, string(number)); err != nil {
					return err
				}
				if _, err := heard.ReadString('\n'); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
