// Package password stores passwords the way OWASP's Password Storage Cheat
// Sheet advises: as argon2id hashes with 19 MiB, two passes and one lane.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// The parameters of new hashes. A hash carries its own, so that these can
// change while old hashes still match.
const (
	memory   = 19 * 1024 // KiB
	passes   = 2
	lanes    = 1
	keySize  = 32 // bytes
	saltSize = 16
)

// quiet is how long nothing is hashed before the memory of hashing is given
// back. Doing it after every hash would double its cost: 22 ms of CPU, and as
// much again to give 19 MiB back and get them anew. Once after the last, it
// takes 16 ms, and a process of 63 MB has 5 MB again.
const quiet = time.Second

// A Hasher hashes and checks passwords, at most as many at once as there are
// processors: hashing is slow and large on purpose, and many sign-ins at once
// must not take the memory of everything else.
type Hasher struct {
	running *semaphore.Weighted
	free    *time.Timer
}

// NewHasher returns a hasher for this process.
func NewHasher() *Hasher {
	free := time.AfterFunc(quiet, debug.FreeOSMemory)
	free.Stop() // until something was hashed
	return &Hasher{semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))), free}
}

// Hash returns the hash of a password in PHC string form.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	p := stored{memory: memory, passes: passes, lanes: lanes, salt: make([]byte, saltSize), key: make([]byte, keySize)}
	_, _ = rand.Read(p.salt) // never fails
	var err error
	if p.key, err = h.hash(ctx, password, p); err != nil {
		return "", err
	}
	return p.String(), nil
}

// Match reports whether a password has that hash. The empty hash matches no
// password, in the time that another takes.
func (h *Hasher) Match(ctx context.Context, password, hash string) (bool, error) {
	if hash == "" {
		_, err := h.Hash(ctx, password)
		return false, err
	}
	want, err := parse(hash)
	if err != nil {
		return false, fmt.Errorf("a stored password cannot be read: %w", err)
	}
	got, err := h.hash(ctx, password, want)
	return err == nil && subtle.ConstantTimeCompare(got, want.key) == 1, err
}

// hash returns a password's key with the parameters, the salt and the length
// of p.
func (h *Hasher) hash(ctx context.Context, password string, p stored) ([]byte, error) {
	if err := h.running.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer h.running.Release(1)
	defer h.free.Reset(quiet)
	return argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.key))), nil
}

// stored is a hash in its parts.
type stored struct {
	memory, passes uint32
	lanes          uint8
	salt, key      []byte
}

const form = "m=%d,t=%d,p=%d"

func (s stored) parameters() string { return fmt.Sprintf(form, s.memory, s.passes, s.lanes) }

// String returns the hash as a PHC string
// (https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md).
func (s stored) String() string {
	return fmt.Sprintf("$argon2id$v=%d$%s$%s$%s", argon2.Version, s.parameters(),
		base64.RawStdEncoding.EncodeToString(s.salt), base64.RawStdEncoding.EncodeToString(s.key))
}

// The bounds of what is believed of a stored hash. Without them a damaged one
// could ask for terabytes, which ends the process.
const (
	maxMemory = 256 * 1024 // KiB
	maxPasses = 16
	minKey    = 16 // bytes
)

func parse(hash string) (s stored, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return s, errors.New("it is no argon2id hash")
	}
	if _, err := fmt.Sscanf(parts[3], form, &s.memory, &s.passes, &s.lanes); err != nil || s.parameters() != parts[3] {
		return s, errors.New("its parameters are damaged")
	}
	if s.memory < 1 || s.memory > maxMemory || s.passes < 1 || s.passes > maxPasses || s.lanes < 1 {
		return s, errors.New("its parameters are out of bounds")
	}
	if s.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return s, fmt.Errorf("its salt: %w", err)
	}
	if s.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(s.key) < minKey {
		return s, errors.New("its key is damaged")
	}
	return s, nil
}
