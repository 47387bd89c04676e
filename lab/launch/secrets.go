package launch

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"triptych/internal/token"
)

// Secrets are what is made up at the first start and kept with the data.
type Secrets struct {
	ManagerEmail    string `json:"manager_email"`
	ManagerPassword string `json:"manager_password"`
	TokenSeed       string `json:"token_seed"` // 32 bytes in base64

	Passwords map[string]string `json:"passwords,omitempty"` // of the services' databases
}

// tokenKey is what those need who check tokens and issue none.
func (s Secrets) tokenKey() (string, error) {
	seed, err := base64.StdEncoding.DecodeString(s.TokenSeed)
	if err != nil {
		return "", fmt.Errorf("the token seed in secrets.json: %w", err)
	}
	signer, err := token.NewSigner(seed)
	if err != nil {
		return "", fmt.Errorf("the token seed in secrets.json: %w", err)
	}
	return signer.Public(), nil
}

// secrets reads the secrets of a data folder, or makes them. What the
// environment names wins, and is not written down.
func secrets(o Options) (Secrets, error) {
	s, err := ReadSecrets(o.Data)
	if errors.Is(err, fs.ErrNotExist) || o.Fresh {
		s, err = makeSecrets(o.Data)
	}
	if err != nil {
		return s, err
	}
	if email := o.Getenv("MANAGER_EMAIL"); email != "" {
		s.ManagerEmail = email
	}
	if password := o.Getenv("MANAGER_PASSWORD"); password != "" {
		s.ManagerPassword = password
	}
	return s, nil
}

func secretsFile(data string) string { return filepath.Join(data, "secrets.json") }

// ReadSecrets reads the secrets that an earlier start left in a data folder.
func ReadSecrets(data string) (s Secrets, err error) {
	body, err := os.ReadFile(secretsFile(data))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("%s cannot be read (%w): delete it, or begin afresh with --fresh", secretsFile(data), err)
	}
	return s, nil
}

func makeSecrets(data string) (Secrets, error) {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails
	s := Secrets{
		ManagerEmail:    "manager@example.com",
		ManagerPassword: rand.Text()[:16],
		TokenSeed:       base64.StdEncoding.EncodeToString(seed),
	}
	return s, s.write(data)
}

// addPasswords makes up those that are missing.
func (s *Secrets) addPasswords(data string) error {
	kept, err := ReadSecrets(data) // without what the environment has named
	if err != nil {
		return err
	}
	if kept.Passwords == nil {
		kept.Passwords = map[string]string{}
	}
	missing := false
	for _, v := range services {
		if v.database && kept.Passwords[v.name] == "" {
			kept.Passwords[v.name] = rand.Text()
			missing = true
		}
	}
	s.Passwords = kept.Passwords
	if !missing {
		return nil
	}
	return kept.write(data)
}

func (s Secrets) write(data string) error {
	body, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(secretsFile(data), append(body, '\n'), 0o600)
}
