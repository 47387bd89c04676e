package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"triptych/faas/async"
	"triptych/faas/function"
)

// Queues is what /_/queues answers.
type Queues struct {
	Queues []Queue `json:"queues"`
}

// A Queue holds the records and dead letters that were sent to it.
type Queue struct {
	Name     string    `json:"name"`
	ARN      string    `json:"arn"`
	Messages int       `json:"messages"`
	Bytes    int64     `json:"bytes"`
	Oldest   time.Time `json:"oldest,omitzero"`
}

// Messages is what /_/queues/{queue}/messages answers.
type Messages struct {
	Messages []Message `json:"messages"`
}

// A Message is the record of an event, or a dead letter, which is the event
// itself.
type Message struct {
	ID         string            `json:"id"`
	Sent       time.Time         `json:"sent"`
	Body       json.RawMessage   `json:"body"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Function   string            `json:"function,omitempty"` // of a dead letter: whose event it was
}

// Redriven is what /_/queues/{queue}/redrive answers.
type Redriven struct {
	Events int `json:"events"`
}

func (c *console) queues(w http.ResponseWriter, _ *http.Request) error {
	infos, err := c.runner.Queue.Queues()
	if err != nil {
		return err
	}
	answer := Queues{Queues: []Queue{}}
	for _, i := range infos {
		answer.Queues = append(answer.Queues, Queue(i))
	}
	return reply(w, answer)
}

// most is how many messages are answered at a time: they may be of a megabyte.
const most = 100

func (c *console) messages(w http.ResponseWriter, r *http.Request) error {
	n := most
	if s := r.FormValue("max"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 || n > most {
			return function.Invalid("max is %q: it must be a whole number from 1 to %d", s, most)
		}
	}
	messages, err := c.runner.Queue.Messages(r.PathValue("queue"), n)
	if err != nil {
		return err
	}
	answer := Messages{Messages: []Message{}}
	for _, m := range messages {
		answer.Messages = append(answer.Messages, toMessage(m))
	}
	return reply(w, answer)
}

func toMessage(m async.Message) Message {
	out := Message{ID: m.ID, Sent: m.Sent, Body: m.Body, Attributes: m.Attributes}
	if m.DeadLetter != nil {
		out.Function = m.DeadLetter.Ref.String()
	}
	return out
}

func (c *console) delete(w http.ResponseWriter, r *http.Request) error {
	if err := c.runner.Queue.Delete(r.PathValue("queue"), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *console) redrive(w http.ResponseWriter, r *http.Request) error {
	n, err := c.runner.Queue.Redrive(r.PathValue("queue"))
	if err != nil && n > 0 {
		e := *function.From(err)
		e.Message = fmt.Sprintf("%d were delivered again, and then: %s", n, e.Message)
		return &e
	}
	if err != nil {
		return err
	}
	return reply(w, Redriven{n})
}
