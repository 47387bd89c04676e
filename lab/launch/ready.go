package launch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

const readyTimeout = 30 * time.Second

// awaitReady asks the program until it says that it is ready, or has ended.
func (r *Running) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if r.isReady(ctx) {
			return nil
		}
		select {
		case <-again.C:
		case <-r.program.Done():
			return errors.New(r.LastWords())
		case <-ctx.Done():
			return fmt.Errorf("the program was not ready within %s; its log is %s", readyTimeout, r.LogFile)
		}
	}
}

func (r *Running) isReady(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond) // until it serves, the port only takes calls
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", r.URL+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// LastWords is why the program ended: the last that it said, in one line, or the signal
// that gave it no time to say anything.
func (r *Running) LastWords() string {
	if exit := (*exec.ExitError)(nil); errors.As(r.program.Wait(), &exit) && !exit.Exited() {
		return exit.Error()
	}
	log, err := os.ReadFile(r.LogFile)
	if err != nil {
		return err.Error()
	}
	said := strings.TrimSpace(string(log))
	if at := strings.LastIndex(said, "monolith: "); at >= 0 { // its complaint, of one line or more
		return strings.Join(strings.Fields(said[at+len("monolith: "):]), " ")
	}
	return said[strings.LastIndexByte(said, '\n')+1:]
}
