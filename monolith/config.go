package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"triptych/internal/env"
	"triptych/internal/token"
)

const defaultAddr = "127.0.0.1:8080"

// config is what the environment says.
type config struct {
	addr            string
	database        string
	tokens          token.Signer
	managerEmail    string
	managerPassword string
	debugAddr       string
}

func readConfig(getenv func(string) string) (c config, err error) {
	e := env.Reader{Getenv: getenv}
	c.addr = e.String("HTTP_ADDR", defaultAddr)
	c.database = e.URL("DATABASE_URL", "postgres", "postgresql")
	c.managerEmail = e.Required("MANAGER_EMAIL")
	c.managerPassword = e.Required("MANAGER_PASSWORD")
	c.debugAddr = e.String("DEBUG_ADDR", "") // profiles; keep it on loopback
	if c.tokens, err = signer(e.String("TOKEN_SEED", "")); err != nil {
		e.Complain("%w", err)
	}
	return c, e.Err()
}

// signer makes the signer of a seed in base64. Without one it makes a new key,
// so that tokens end with the process.
func signer(seed string) (token.Signer, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	if seed != "" {
		var err error
		if key, err = base64.StdEncoding.DecodeString(seed); err != nil {
			return token.Signer{}, fmt.Errorf("TOKEN_SEED must be 32 bytes in base64: %w", err)
		}
	}
	s, err := token.NewSigner(key)
	if err != nil {
		return s, fmt.Errorf("TOKEN_SEED: %w", err)
	}
	return s, nil
}
