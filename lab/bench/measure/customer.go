package measure

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
)

// A Customer is a connection of one, kept open. It does little more than write
// and read, since it takes its processor time from what is measured:
// net/http's client takes several times as much.
type Customer struct {
	net.Conn
	Body []byte // of the last answer

	head    string // of every request, after its first line
	out     []byte
	answers *bufio.Reader
}

func newCustomer(c net.Conn, host, token, more string) *Customer {
	head := " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\n" + more
	return &Customer{Conn: c, head: head, answers: bufio.NewReader(c)}
}

// Get asks for something. The answer is in Body until the next.
func (c *Customer) Get(path string) (status int, err error) {
	c.out = append(append(append(append(c.out[:0], "GET "...), path...), c.head...), "\r\n"...)
	return c.exchange()
}

// Post sends JSON under an idempotency key.
func (c *Customer) Post(path, key, body string) (status int, err error) {
	c.out = append(append(append(c.out[:0], "POST "...), path...), c.head...)
	c.out = append(append(append(c.out, "Content-Type: application/json\r\nIdempotency-Key: "...), key...), "\r\nContent-Length: "...)
	c.out = append(append(strconv.AppendInt(c.out, int64(len(body)), 10), "\r\n\r\n"...), body...)
	return c.exchange()
}

func (c *Customer) exchange() (status int, err error) {
	if _, err := c.Write(c.out); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.ContentLength < 0 {
		c.Body, err = io.ReadAll(answer.Body)
		return answer.StatusCode, err
	}
	c.Body = slices.Grow(c.Body[:0], int(answer.ContentLength))[:answer.ContentLength]
	_, err = io.ReadFull(answer.Body, c.Body)
	return answer.StatusCode, err
}

// Unexpected is the error of an answer that should have been another.
func Unexpected(what string, status int, body []byte) error {
	return fmt.Errorf("%s was answered with %d %s", what, status, body)
}
