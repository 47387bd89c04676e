package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/internal/rest"
)

// writeList answers with a page of a list.
func writeList[T, J any](w http.ResponseWriter, list rest.List[T], convert func(T) J) error {
	out := struct {
		Items []J    `json:"items"`
		Next  string `json:"next,omitempty"`
	}{make([]J, len(list.Items)), rest.Cursor(list.Next)}
	for i, item := range list.Items {
		out.Items[i] = convert(item)
	}
	return rest.JSON(w, http.StatusOK, out)
}

func createdOr(status int, created bool) int {
	if created {
		return http.StatusCreated
	}
	return status
}

// preferWait reads how long the client wishes to wait and says that it will be
// honoured.
func preferWait(w http.ResponseWriter, r *http.Request) time.Duration {
	wait := rest.Wait(r, maxWait)
	if wait > 0 {
		w.Header().Set("Preference-Applied", fmt.Sprintf("wait=%d", int(wait.Seconds())))
	}
	return wait
}

// maxKey is the longest idempotency key, in bytes.
const maxKey = 128

// idempotencyKey reads the header Idempotency-Key.
func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 || values[0] == "" {
		return "", fault.New(fault.Malformed, "idempotency_key_required", "send a header Idempotency-Key that is new for each thing to be made")
	}
	key := values[0]
	good := len(values) == 1 && len(key) <= maxKey
	for i := range len(key) {
		good = good && key[i] > ' ' && key[i] < 0x7f
	}
	if !good {
		return "", fault.New(fault.Malformed, "bad_parameter", "Idempotency-Key must be 1 to %d visible ASCII characters", maxKey)
	}
	return key, nil
}

// pathID reads an id from the path; one that cannot be an id names nothing.
func pathID(r *http.Request, what string) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil || len(r.PathValue("id")) != 36 {
		return uuid.Nil, NotFound(what)
	}
	return id, nil
}

// NotFound is the fault of a thing that there is not, or that is not the
// caller's: the two cannot be told apart.
func NotFound(what string) error {
	return fault.New(fault.NotFound, "not_found", "there is no such %s", what)
}
