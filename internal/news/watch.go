package news

import (
	"context"
	"time"

	"github.com/google/uuid"

	"triptych/internal/serve"
)

// again is how often Watch reads a thing of which it has heard nothing.
const again = time.Second

// Watch reads a thing and shows it as it is, and unless that is final, once
// more when it is. It reads again after each change that it hears of, and every
// second besides: another process may have changed the thing. When the server
// is about to end, so does Watch, with nothing more shown.
func Watch[T any](ctx context.Context, n *News, id uuid.UUID, read func() (v T, final bool, err error), show func(T) error) error {
	tick := time.NewTicker(again)
	defer tick.Stop()
	for first := true; ; first = false {
		changed, stop := n.About(id) // before reading, so that no change is missed
		v, final, err := read()
		if err == nil && (first || final) {
			err = show(v)
		}
		if err != nil || final {
			stop()
			return err
		}
		select {
		case <-changed:
			continue
		case <-tick.C:
			stop()
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-serve.Stopping(ctx):
		}
		stop()
		return err
	}
}
