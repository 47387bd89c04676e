// Recorder tells a listener the id in each event that it gets.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

type event struct{ ID int }

func main() {
	conn, err := net.Dial("tcp", os.Getenv("LISTENER"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	heard := bufio.NewReader(conn)
	lambda.Start(func(_ context.Context, e event) error {
		if _, err := fmt.Fprintln(conn, e.ID); err != nil {
			return err
		}
		_, err := heard.ReadString('\n')
		return err
	})
}
