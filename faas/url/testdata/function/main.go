// Command bootstrap is a function behind a URL. Which one, its handler says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdaurl"
)

func main() {
	switch os.Getenv("_HANDLER") {
	case "web":
		lambdaurl.Start(http.HandlerFunc(web))
	case "event": // answers with what it got
		lambda.Start(func(_ context.Context, e json.RawMessage) (json.RawMessage, error) { return e, nil })
	default: // answers with what it is told to
		lambda.StartHandler(told{})
	}
}

type told struct{}

func (told) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	var e events.LambdaFunctionURLRequest
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	switch e.RawPath {
	case "/fail":
		return nil, errors.New("as it was told to")
	case "/exit":
		os.Exit(3)
	case "/sleep":
		time.Sleep(time.Hour)
	}
	return []byte(e.Body), nil
}

func web(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes"})
	http.SetCookie(w, &http.Cookie{Name: "twice", Value: "yes"})
	w.WriteHeader(http.StatusTeapot)
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("Cookie"), body)
}
