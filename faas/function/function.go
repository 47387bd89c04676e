// Package function is the vocabulary of the runner: what a function is, how it
// is named, what it may use, and what can be wrong with a request. The words
// and the limits are AWS Lambda's. It does no I/O.
package function

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"time"
)

// Latest is the version that a function's code and configuration are changed
// in; every other one is fixed.
const Latest = "$LATEST"

// A Digest is the SHA-256 of a zip file, by which code is kept.
type Digest [sha256.Size]byte

// Sum returns the digest of a zip file.
func Sum(zip []byte) Digest { return sha256.Sum256(zip) }

// String is the digest in hexadecimal, as files are named.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Base64 is the digest as Lambda writes it in CodeSha256.
func (d Digest) Base64() string { return base64.StdEncoding.EncodeToString(d[:]) }

// MarshalText and UnmarshalText keep a digest as its hexadecimal form.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the hexadecimal form.
func (d *Digest) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(d) {
		return fmt.Errorf("digest %q: want %d hexadecimal digits", text, hex.EncodedLen(len(d)))
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// A Config is one version of a function: its code and how it is to be run.
type Config struct {
	Name        string
	Version     string // Latest, or a number from 1
	Description string
	Role        string
	Runtime     string // provided.al2023 or provided.al2
	Handler     string
	Code        Digest
	CodeSize    int64             // bytes of the zip file
	Memory      int               // MB
	Timeout     time.Duration     // whole seconds
	TmpSize     int               // MB of /tmp
	Env         map[string]string // given to the process, beside Lambda's own
	Arch        string            // x86_64 or arm64
	DeadLetter  string            // ARN of what takes events that failed; empty is none
	Tracing     string            // PassThrough or Active
	Modified    time.Time
	Revision    string // changes with every change
	Creation    string // made when the function was: the same in all its versions, another in one of the same name that comes later

	Runner Settings
	State  Progress // of this version; only what is done can be run
	Update Progress // of the last change
}

// Settings are what Lambda has no word for; they come as tags.
type Settings struct {
	Isolation      string        // a level of the sandbox; empty is the runner's default
	Connect        []uint16      // TCP ports that the function may connect to
	KeepAlive      time.Duration // how long an idle instance is kept; 0 is the runner's default
	MaxConcurrency int           // events that one instance takes at a time; 0 is one
}

// Slots is how many events one instance takes at a time.
func (s Settings) Slots() int { return max(1, s.MaxConcurrency) }

// ARN is the Amazon resource name of this version.
func (c *Config) ARN() string {
	if c.Version == Latest {
		return ARN(c.Name, "")
	}
	return ARN(c.Name, c.Version)
}

// Clone returns a copy that shares nothing that can be changed.
func (c *Config) Clone() *Config {
	n := *c
	n.Env = maps.Clone(c.Env)
	return &n
}
