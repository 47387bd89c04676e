// Command caller is a function that calls another, by AWS's SDK as it comes,
// and answers with how many nanoseconds each call took.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// A request says whom to call, with what, and how often.
type request struct {
	Function string
	Event    string
	Times    int
}

func main() { runtime.Start(call) }

func call(ctx context.Context, r request) (took []time.Duration, err error) {
	client := lambda.New(lambda.Options{
		Region:       os.Getenv("AWS_REGION"),
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_LAMBDA")),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	})
	for range r.Times {
		begun := time.Now()
		out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &r.Function, Payload: []byte(r.Event)})
		took = append(took, time.Since(begun))
		if err != nil {
			return nil, err
		}
		if out.FunctionError != nil {
			return nil, errors.New(string(out.Payload))
		}
	}
	return took, nil
}
