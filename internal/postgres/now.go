package postgres

import "time"

// Now returns the time, in UTC and to the precision that the database keeps, so
// that an answer and a later reading of the same thing agree.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
