// Package client is a small HTTP client of the shop, for the programs of the
// lab: it speaks the contract and knows no architecture.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A Client calls the shop at URL, as the account that Token stands for.
type Client struct {
	URL   string
	Token string // empty until SignIn
	HTTP  *http.Client
}

// New returns a client of the shop at url.
func New(url string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &Client{URL: url, HTTP: &http.Client{Transport: transport, Timeout: 45 * time.Second}}
}

// A Problem is an answer that is not a success.
type Problem struct {
	Status int
	Code   string
	Detail string
}

// Error says what the shop says.
func (p *Problem) Error() string {
	return fmt.Sprintf("the shop says %d %s: %s", p.Status, p.Code, p.Detail)
}

// A Call is one request. Body is sent as JSON, unless it is a []byte, which is
// sent as it is with the given Type.
type Call struct {
	Method string
	Path   string
	Body   any
	Type   string
	Header map[string]string
}

// Do makes a call, reads the answer into out, which may be nil, and returns
// the answer's headers. An answer that is not a success is a *Problem.
func (c *Client) Do(ctx context.Context, call Call, out any) (http.Header, error) {
	r, err := c.request(ctx, call)
	if err != nil {
		return nil, err
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return answer.Header, fmt.Errorf("%s %s: read the answer: %w", call.Method, call.Path, err)
	}
	if answer.StatusCode >= 300 {
		p := &Problem{Status: answer.StatusCode}
		_ = json.Unmarshal(body, p) // a proxy's page has none of it; the status is kept
		return answer.Header, p
	}
	if out == nil {
		return answer.Header, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return answer.Header, fmt.Errorf("%s %s: read the answer: %w", call.Method, call.Path, err)
	}
	return answer.Header, nil
}

func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	body, raw := call.Body.([]byte)
	if !raw && call.Body != nil {
		var err error
		if body, err = json.Marshal(call.Body); err != nil {
			return nil, err
		}
		call.Type = "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, call.Method, c.URL+call.Path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if call.Type != "" {
		r.Header.Set("Content-Type", call.Type)
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	for name, value := range call.Header {
		r.Header.Set(name, value)
	}
	return r, nil
}

// SignIn makes the client's further calls those of an account.
func (c *Client) SignIn(ctx context.Context, email, password string) error {
	var session struct{ Token string }
	_, err := c.Do(ctx, Call{Method: "POST", Path: "/v1/sessions", Body: map[string]string{"email": email, "password": password}}, &session)
	c.Token = session.Token
	return err
}
