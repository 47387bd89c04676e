package rpc

import (
	"github.com/google/uuid"

	"triptych/domain/fault"
)

// ParseID reads the id in a field of a request. What is none is the fault
// "invalid".
func ParseID(field, s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil {
		return uuid.Nil, fault.NewInvalid("/"+field, "must be a UUID")
	}
	return id, nil
}

// maxLimit is how many things one call can be asked to list.
const maxLimit = 1000

// ParseLimit reads how many things a request wants to have listed. None, and too
// many, are the fault "invalid".
func ParseLimit(limit int32) (int, error) {
	if limit < 1 || limit > maxLimit {
		return 0, fault.NewInvalid("/limit", "must be 1 to %d, is %d", maxLimit, limit)
	}
	return int(limit), nil
}
