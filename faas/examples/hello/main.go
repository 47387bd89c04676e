// Hello greets whom it is asked to greet: the smallest function there is.
package main

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/lambda"
)

// A Request says whom to greet.
type Request struct {
	Name string `json:"name"`
}

// A Reply holds the greeting.
type Reply struct {
	Greeting string `json:"greeting"`
}

func main() { lambda.Start(greet) }

func greet(_ context.Context, r Request) (Reply, error) {
	if r.Name == "" {
		return Reply{}, errors.New(`say whom to greet: {"name": "Ada"}`)
	}
	return Reply{Greeting: "Hello, " + r.Name + "!"}, nil
}
