package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"triptych/internal/authority"
	"triptych/internal/env"
	"triptych/internal/token"
)

// services are those that speak gRPC, and operator is whoever looks after them.
var services = []string{"gateway", "accounts", "catalogue", "stock", "orders", "payments", "payroll", "pictures", "reports", "operator"}

var (
	readyFile     = filepath.Join(authorityDir, "ready")
	passwordsFile = filepath.Join(keysDir, "postgres", "passwords.json")
)

// renewEvery is how often certificates are looked at. They last a day.
const renewEvery = time.Hour

// keepKeys makes every key and password that is not there yet, and then renews
// certificates until ctx is done.
func keepKeys(ctx context.Context, settings env.Reader) error {
	_ = os.Remove(readyFile)
	if err := makePasswords(); err != nil {
		return err
	}
	if err := makeTokens(settings); err != nil {
		return err
	}
	if err := makeManager(settings); err != nil {
		return err
	}
	ca, err := authority.Open(authorityDir)
	if err != nil {
		return err
	}
	for {
		if err := renew(ca); err != nil {
			return err
		}
		if err := os.WriteFile(readyFile, nil, 0o444); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(renewEvery):
		}
	}
}

func renew(ca *authority.Authority) error {
	for _, name := range services {
		dir := filepath.Join(keysDir, name)
		if !ca.Due(dir) {
			continue
		}
		if err := ca.Issue(dir, name); err != nil {
			return err
		}
	}
	return nil
}

// makePasswords makes the passwords of the databases' roles: each program gets
// its own, the server that of its superuser, and who makes the roles, which is on
// the server's side, all of them.
func makePasswords() error {
	passwords, err := readPasswords()
	if errors.Is(err, fs.ErrNotExist) {
		passwords = map[string]string{"postgres": rand.Text()}
		for _, name := range programs {
			passwords[name] = rand.Text()
		}
		var text []byte
		if text, err = json.Marshal(passwords); err == nil {
			err = write("postgres", "passwords.json", string(text), 0o400)
		}
	}
	if err != nil {
		return err
	}
	// Read by the server's own user: nobody else has this volume.
	if err := write("postgres", "password", passwords["postgres"], 0o444); err != nil {
		return err
	}
	for _, name := range programs {
		if err := write(name, "database_url", databaseURL(name, passwords[name]), 0o400); err != nil {
			return err
		}
	}
	return nil
}

func readPasswords() (passwords map[string]string, err error) {
	text, err := os.ReadFile(passwordsFile)
	if err != nil {
		return nil, err
	}
	return passwords, json.Unmarshal(text, &passwords)
}

// databaseURL names a role's database, which has its name.
func databaseURL(name, password string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(name, password), Host: "postgres:5432", Path: "/" + name}
	return u.String()
}

// makeTokens makes the key that tokens are signed with. It stays with those who
// issue tokens; the gateway, which checks them, gets the public half.
func makeTokens(settings env.Reader) error {
	file := filepath.Join(keysDir, "accounts", "token_seed")
	kept, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	seed := cmp.Or(settings.String("TOKEN_SEED", ""), string(kept), newSeed())
	bytes, err := base64.StdEncoding.DecodeString(seed)
	if err != nil {
		return errors.New("TOKEN_SEED must be 32 bytes in base64")
	}
	signer, err := token.NewSigner(bytes)
	if err != nil {
		return fmt.Errorf("TOKEN_SEED: %w", err)
	}
	return errors.Join(
		write("accounts", "token_seed", seed, 0o400),
		write("monolith", "token_seed", seed, 0o400),
		write("gateway", "token_key", signer.Public(), 0o400))
}

func newSeed() string {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails
	return base64.StdEncoding.EncodeToString(seed)
}

// makeManager makes up the manager's password, unless one was named, and tells it.
func makeManager(settings env.Reader) error {
	file := filepath.Join(keysDir, "accounts", "manager_password")
	kept, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	password := cmp.Or(settings.String("MANAGER_PASSWORD", ""), string(kept), rand.Text()[:16])
	fmt.Println("the manager is", settings.String("MANAGER_EMAIL", "manager@example.com"), "with the password", password)
	return errors.Join(
		write("accounts", "manager_password", password, 0o400),
		write("monolith", "manager_password", password, 0o400))
}

// write writes a file of a program's folder, whole or not at all.
func write(program, name, text string, mode fs.FileMode) error {
	file := filepath.Join(keysDir, program, name)
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return errors.Join(os.Chmod(file+".new", mode), os.Rename(file+".new", file))
}
