package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAllThatIsWrongWithTheSettingsIsToldAtOnce(t *testing.T) {
	_, err := readConfig(func(name string) string { return map[string]string{"TOKEN_SEED": "c2hvcnQ="}[name] })
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{"DATABASE_URL must be set", "MANAGER_EMAIL must be set", "MANAGER_PASSWORD must be set", "TOKEN_SEED"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q:\n%v", want, err)
		}
	}
}

func TestContainersHaveSecretsAsFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("postgres://db/shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := readConfig(func(name string) string {
		return map[string]string{"DATABASE_URL_FILE": file, "MANAGER_EMAIL": managerEmail, "MANAGER_PASSWORD": managerPassword}[name]
	})
	if err != nil || c.database != "postgres://db/shop" {
		t.Errorf("the database is %q, %v; want what the file says", c.database, err)
	}
}
