// Package password stores passwords the way OWASP's Password Storage Cheat
// Sheet advises: as argon2id hashes with 19 MiB, two passes and one lane.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// The parameters of new hashes. A hash carries its own, so that these can
// change while old hashes still match.
const (
	memory  = 19 * 1024 // KiB
	passes  = 2
	lanes   = 1
	keySize = 32 // bytes
)

// A Hasher hashes and checks passwords, at most as many at once as there are
// processors: hashing is slow and large on purpose, and many sign-ins at once
// must not take the memory of everything else.
type Hasher struct{ running *semaphore.Weighted }

// NewHasher returns a hasher for this process.
func NewHasher() *Hasher {
	return &Hasher{semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
}

// Hash returns the hash of a password in PHC string form.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	key, err := h.key(ctx, password, salt, passes, memory, lanes)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// Match reports whether a password has that hash. The empty hash matches no
// password, in the time that another takes.
func (h *Hasher) Match(ctx context.Context, password, hash string) (bool, error) {
	if hash == "" {
		_, err := h.key(ctx, password, make([]byte, 16), passes, memory, lanes)
		return false, err
	}
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("a stored password is no argon2id hash")
	}
	var m, t uint32
	var p uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil {
		return false, fmt.Errorf("read the parameters of a stored password: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("read the salt of a stored password: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("read a stored password: %w", err)
	}
	got, err := h.key(ctx, password, salt, t, m, p)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

func (h *Hasher) key(ctx context.Context, password string, salt []byte, t, m uint32, p uint8) ([]byte, error) {
	if err := h.running.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer h.running.Release(1)
	return argon2.IDKey([]byte(password), salt, t, m, p, keySize), nil
}
