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

	"golang.org/x/sync/errgroup"
)

// A conn is a customer's connection, kept open. It does little more than write
// and read, since it takes its processor time from what is measured:
// net/http's client takes several times as much.
type conn struct {
	net.Conn
	head    string // of every request, after its first line
	out     []byte
	answers *bufio.Reader
	body    []byte // of the last answer
}

func newConn(c net.Conn, host, token string) *conn {
	head := " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\n"
	return &conn{Conn: c, head: head, answers: bufio.NewReader(c)}
}

func (c *conn) get(path string) (status int, err error) {
	c.out = append(append(append(append(c.out[:0], "GET "...), path...), c.head...), "\r\n"...)
	return c.exchange()
}

func (c *conn) post(path, key, body string) (status int, err error) {
	c.out = append(append(append(c.out[:0], "POST "...), path...), c.head...)
	c.out = append(append(append(c.out, "Content-Type: application/json\r\nIdempotency-Key: "...), key...), "\r\nContent-Length: "...)
	c.out = append(append(strconv.AppendInt(c.out, int64(len(body)), 10), "\r\n\r\n"...), body...)
	return c.exchange()
}

func (c *conn) exchange() (status int, err error) {
	if _, err := c.Write(c.out); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.ContentLength < 0 {
		c.body, err = io.ReadAll(answer.Body)
		return answer.StatusCode, err
	}
	c.body = slices.Grow(c.body[:0], int(answer.ContentLength))[:answer.ContentLength]
	_, err = io.ReadFull(answer.Body, c.body)
	return answer.StatusCode, err
}

// A tally is what happened in a phase.
type tally struct {
	done  int
	took  time.Duration
	times []time.Duration // of each, sorted
}

func (t tally) rate() float64 { return float64(t.done) / t.took.Seconds() }

func (t tally) quantile(q float64) time.Duration {
	if len(t.times) == 0 {
		return 0
	}
	return t.times[min(len(t.times)-1, int(q*float64(len(t.times))))]
}

// loop has customers act, each as soon as their last action has ended, for a
// while. The first action that is not answered as it should be ends it: what
// fails is not measured.
func (st *stage) loop(ctx context.Context, act func(c *conn, client, n int) error) (tally, error) {
	g, ctx := errgroup.WithContext(ctx)
	times := make([][]time.Duration, st.clients)
	begun := time.Now()
	end := begun.Add(st.each)
	for client := range st.clients {
		g.Go(func() error {
			c, err := st.dial(ctx)
			if err != nil {
				return err
			}
			defer c.Close()
			for n := 0; ctx.Err() == nil; n++ {
				from := time.Now()
				if from.After(end) {
					return nil
				}
				if err := act(c, client, n); err != nil {
					return err
				}
				times[client] = append(times[client], time.Since(from))
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return tally{}, err
	}
	all := slices.Concat(times...)
	slices.Sort(all)
	return tally{done: len(all), took: time.Since(begun), times: all}, nil
}

func unexpected(what string, status int, body []byte) error {
	return fmt.Errorf("%s was answered with %d %s", what, status, body)
}
