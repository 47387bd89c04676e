// Command setup prepares a machine of containers for the shop, so that nobody
// has to make up passwords or certificates: every program gets a folder, a volume
// that no other sees, with its own.
//
//	setup keys        makes what is missing, renews certificates, and stays
//	setup databases   makes each program's database and role, and ends
//	setup health      exits with 0 when the keys are there
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"triptych/internal/env"
	"triptych/internal/postgres"
)

// The folders that are mounted.
const (
	authorityDir = "/keys/authority"
	keysDir      = "/keys"
)

// programs are those that have a database, by its name and theirs.
var programs = []string{"monolith", "accounts", "catalogue", "stock", "orders", "payments", "payroll", "pictures", "reports"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "setup:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string) error {
	if len(args) != 1 {
		return errors.New("say what to do: keys, databases or health")
	}
	switch args[0] {
	case "keys":
		return keepKeys(ctx, env.Reader{Getenv: getenv})
	case "databases":
		return makeDatabases(ctx)
	case "health":
		_, err := os.Stat(readyFile)
		return err
	}
	return fmt.Errorf("there is no %q: say keys, databases or health", args[0])
}

// makeDatabases makes a database and a role for each program.
func makeDatabases(ctx context.Context) error {
	passwords, err := readPasswords()
	if err != nil {
		return err
	}
	admin := databaseURL("postgres", passwords["postgres"])
	for _, name := range programs {
		if _, err := postgres.Provision(ctx, admin, name, passwords[name]); err != nil {
			return err
		}
		fmt.Println("database", name, "is there")
	}
	return nil
}
