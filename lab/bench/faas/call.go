package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// event is what every call of hello carries, and greeting what it answers.
const (
	event    = `{"name":"Ada"}`
	greeting = `{"greeting":"Hello, Ada!"}`
)

// A caller is a connection of one who calls functions, kept open. It does
// little more than write and read, since it takes its processor time from what
// is measured: net/http's client takes several times as much.
type caller struct {
	net.Conn
	header http.Header // of the last answer
	body   []byte

	host    string
	more    string // header lines of every request, each with its end of line
	out     []byte
	answers *bufio.Reader
}

// tail asks for the end of the log, which tells a cold start from a warm call.
const tail = "X-Amz-Log-Type: Tail\r\n"

func dial(ctx context.Context, addr, more string) (*caller, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{Conn: c, host: addr, more: more, answers: bufio.NewReader(c)}, nil
}

// call invokes a function and returns how long that took.
func (c *caller) call(function, payload string) (time.Duration, error) {
	c.out = append(append(append(c.out[:0], "POST /2015-03-31/functions/"...), function...), "/invocations HTTP/1.1\r\nHost: "...)
	c.out = append(append(append(c.out, c.host...), "\r\n"...), c.more...)
	c.out = append(strconv.AppendInt(append(c.out, "Content-Length: "...), int64(len(payload)), 10), "\r\n\r\n"...)
	c.out = append(c.out, payload...)
	begun := time.Now()
	if _, err := c.Write(c.out); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, err
	}
	c.header = answer.Header
	if n := answer.ContentLength; n >= 0 {
		c.body = slices.Grow(c.body[:0], int(n))[:n]
		_, err = io.ReadFull(answer.Body, c.body)
	} else {
		c.body, err = io.ReadAll(answer.Body)
	}
	took := time.Since(begun)
	if err != nil {
		return 0, err
	}
	if answer.StatusCode != http.StatusOK || c.header.Get("X-Amz-Function-Error") != "" {
		return 0, fmt.Errorf("%s was answered with %d %s", function, answer.StatusCode, c.body)
	}
	return took, nil
}

// hello calls hello, and looks at what it answers.
func (c *caller) hello(function string) (time.Duration, error) {
	took, err := c.call(function, event)
	if err == nil && string(c.body) != greeting {
		err = fmt.Errorf("%s answered %s", function, c.body)
	}
	return took, err
}
