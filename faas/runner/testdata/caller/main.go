// Caller invokes another function by the official client, and answers what that
// has answered.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/lambda"
)

type call struct {
	Function string          `json:"function"`
	Event    json.RawMessage `json:"event"`
}

func main() {
	to := client.New(client.Options{
		Region:       os.Getenv("AWS_REGION"),
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_LAMBDA")),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	})
	lambda.Start(func(ctx context.Context, c call) (json.RawMessage, error) {
		out, err := to.Invoke(ctx, &client.InvokeInput{FunctionName: &c.Function, Payload: c.Event})
		if err != nil {
			return nil, err
		}
		return out.Payload, nil
	})
}
