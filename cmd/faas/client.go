package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"triptych/faas/console"
	"triptych/faas/function"
)

// defaultAddr is where serve listens, and where the others look for it.
const defaultAddr = "127.0.0.1:9000"

// A target is which runner a command talks to.
type target struct {
	endpoint string
	getenv   func(string) string
}

// flags returns a command's flags, with the one that says which runner.
func (to *target) flags(name string, t terminal) *flag.FlagSet {
	to.getenv = t.getenv
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.StringVar(&to.endpoint, "endpoint", cmp.Or(t.getenv("AWS_ENDPOINT_URL_LAMBDA"), "http://"+defaultAddr), "")
	return flags
}

// check reports an address that cannot be one.
func (to *target) check() error {
	u, err := url.Parse(to.endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usageError{fmt.Errorf("the endpoint is %q: it must be a URL such as http://%s", to.endpoint, defaultAddr)}
	}
	return nil
}

// credentials are what requests are signed with. A runner that was given no key
// takes any.
func (to *target) credentials() aws.CredentialsProvider {
	key, secret, token := to.getenv("AWS_ACCESS_KEY_ID"), to.getenv("AWS_SECRET_ACCESS_KEY"), to.getenv("AWS_SESSION_TOKEN")
	if k := to.getenv("RUNNER_ACCESS_KEY"); k != "" {
		key, secret, token = k, to.getenv("RUNNER_SECRET_KEY"), ""
	}
	return credentials.NewStaticCredentialsProvider(cmp.Or(key, "local"), cmp.Or(secret, "local"), token)
}

// lambda is the official client.
func (to *target) lambda() *lambda.Client {
	return lambda.New(lambda.Options{
		Region:           function.Region,
		BaseEndpoint:     &to.endpoint,
		Credentials:      to.credentials(),
		RetryMaxAttempts: 1,
	})
}

// emptyHash is the SHA-256 of nothing: no request of ask has a body.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// ask sends a request to a route of the console. The caller closes the body.
func (to *target) ask(ctx context.Context, method, path string, query url.Values) (*http.Response, error) {
	at := strings.TrimSuffix(to.endpoint, "/") + path
	if len(query) > 0 {
		at += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, at, nil)
	if err != nil {
		return nil, err
	}
	keys, err := to.credentials().Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Amz-Content-Sha256", emptyHash)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, emptyHash, "lambda", function.Region, time.Now()); err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		defer answer.Body.Close()
		return nil, refusal(answer)
	}
	return answer, nil
}

// refusal is what an answer says that is not 2xx.
func refusal(answer *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	var e console.Error // whose member is found in any case: the API writes Message at times
	if json.Unmarshal(body, &e) != nil || e.Message == "" {
		return fmt.Errorf("the runner answered %s: %s", answer.Status, bytes.TrimSpace(body))
	}
	if strings.HasPrefix(e.Message, noFunction) {
		return errors.New("there is no such function; faas list shows those there are")
	}
	return errors.New(e.Message)
}

// read asks for JSON.
func (to *target) read(ctx context.Context, method, path string, into any) error {
	answer, err := to.ask(ctx, method, path, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("read the runner's answer: %w", err)
	}
	return nil
}

// noFunction is how Lambda says that it has no function, version or alias of a
// name; the same error says otherwise of other things.
const noFunction = "Function not found: "

// throttles say what Lambda's reasons mean.
var throttles = map[string]string{
	function.ReservedLimit:   "as many events of the function are under way as it has reserved",
	function.ConcurrentLimit: "as many events are under way as the runner takes, or leaves to functions that have reserved none",
	function.CallerRateLimit: "too many requests have come",
}

// explain puts what went wrong between here and the runner into a sentence, for
// a person who has typed a command.
func (to *target) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	var throttled *types.TooManyRequestsException
	var broken *url.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no runner answers at %s: start one with faas serve, or name another with --endpoint", to.endpoint)
	case errors.As(err, &throttled):
		return fmt.Errorf("%s: throttled, try again later: %s", what, throttles[string(throttled.Reason)])
	case errors.As(err, &api) && strings.HasPrefix(api.ErrorMessage(), noFunction):
		return fmt.Errorf("%s: there is no such function, version or alias; faas list shows the functions there are", what)
	case errors.As(err, &api) && api.ErrorMessage() != "":
		return fmt.Errorf("%s: %s", what, api.ErrorMessage())
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("%s: the runner at %s has ended the connection without an answer: see whether it was stopped", what, to.endpoint)
	case errors.As(err, &broken) && !errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: the runner at %s cannot be talked to: %w", what, to.endpoint, broken.Err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
