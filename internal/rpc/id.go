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
