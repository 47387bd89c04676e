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
	"strings"
	"testing/iotest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdaurl"
)

func main() {
	switch os.Getenv("_HANDLER") {
	case "web":
		lambdaurl.Start(http.HandlerFunc(web))
	case "stream":
		lambda.Start(stream)
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

// stream answers with what is no response of a web server.
func stream(_ context.Context, e events.LambdaFunctionURLRequest) (io.Reader, error) {
	switch e.RawPath {
	case "/fail":
		return nil, errors.New("before it has begun")
	case "/empty":
		return iotest.ErrReader(errors.New("when it has begun")), nil
	case "/bytes":
		return io.MultiReader(strings.NewReader("plain bytes")), nil
	}
	return nil, nil
}

// web answers in two parts, and between them waits for who has the first.
func web(w http.ResponseWriter, r *http.Request) {
	if gate := r.URL.Query().Get("gate"); gate != "" {
		fmt.Fprint(w, "first,")
		res, err := http.Get(gate)
		if err != nil {
			panic(err)
		}
		res.Body.Close()
		switch r.URL.Path {
		case "/exit":
			os.Exit(3)
		case "/sleep":
			time.Sleep(time.Hour)
		case "/large":
			part := make([]byte, 1<<20)
			for range 100 {
				if _, err := w.Write(part); err != nil {
					panic(err)
				}
			}
		}
		fmt.Fprint(w, "second")
		return
	}
	if r.URL.Path == "/nothing" {
		w.WriteHeader(http.StatusNoContent)
		fmt.Fprint(w, "and yet something")
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes"})
	http.SetCookie(w, &http.Cookie{Name: "twice", Value: "yes"})
	w.WriteHeader(http.StatusTeapot)
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("Cookie"), body)
}
