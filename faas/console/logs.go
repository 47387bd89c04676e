package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"triptych/faas/function"
	"triptych/faas/journal"
	"triptych/internal/serve"
)

// A Line is one line of /_/logs, which answers with JSON lines.
type Line struct {
	Time   time.Time `json:"time"`
	Stream string    `json:"stream"` // the instance's
	Text   string    `json:"text"`
}

// patience is how long a reader who follows may take for what was sent.
const patience = 30 * time.Second

// logs writes lines until there are no more; when they are followed, until the
// client goes, the function is removed or the runner ends.
func (c *console) logs(w http.ResponseWriter, r *http.Request) error {
	ref, err := function.ParseRef(r.PathValue("function"), "")
	if err != nil {
		return err
	}
	if _, err := c.runner.Registry.Get(ref.Name); err != nil {
		return err
	}
	q, err := query(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		select {
		case <-serve.Stopping(ctx):
			cancel()
		case <-ctx.Done():
		}
	})
	w.Header().Set("Content-Type", "application/jsonl")
	return c.write(ctx, w, ref.Name, q)
}

func (c *console) write(ctx context.Context, w http.ResponseWriter, name string, q journal.Query) error {
	conn := http.NewResponseController(w)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if q.Follow {
		_ = conn.SetReadDeadline(time.Time{}) // nothing is to be read, for as long as it takes
		_ = conn.Flush()                      // the client sees that it is connected
	}
	begun := false
	for line, err := range c.runner.Journal.Lines(ctx, name, q) {
		if err != nil {
			if begun || errors.Is(err, context.Canceled) {
				return nil // the answer has begun: it can only end
			}
			return err
		}
		begun = true
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
		if err := enc.Encode(Line(line)); err != nil {
			return nil // the client has gone
		}
		if q.Follow {
			if err := conn.Flush(); err != nil {
				return nil
			}
		}
	}
	return nil
}

func query(r *http.Request) (journal.Query, error) {
	q := journal.Query{Stream: r.FormValue("stream")}
	switch follow := strings.ToLower(r.FormValue("follow")); follow {
	case "", "0", "false":
	case "1", "true":
		q.Follow = true
	default:
		return q, function.Invalid("follow is %q: it must be 1 or 0", follow)
	}
	if since := r.FormValue("since"); since != "" {
		at, err := time.Parse(time.RFC3339, since)
		if err != nil {
			return q, function.Invalid("since is %q: it must be a time such as 2026-11-24T12:00:00Z", since)
		}
		q.Since = at
	}
	return q, nil
}
