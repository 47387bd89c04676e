package pgtest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"triptych/internal/postgres"
)

// templateLock keeps two test binaries from making the same template at once.
const templateLock = 7_402_519_664

// template returns the name of a database with the schemas in it, made when
// there is none. It is named after the contents of the files: an edited
// migration makes a new template, and none is ever stale.
func (s *server) template(ctx context.Context, schemas []Schema) (string, error) {
	name, err := templateName(schemas)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.templates[name] {
		return name, nil
	}
	err = pgx.BeginFunc(ctx, s.admin, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, templateLock); err != nil {
			return err
		}
		var there bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there)
		if err != nil || there {
			return err
		}
		return s.build(ctx, name, schemas)
	})
	if err != nil {
		return "", fmt.Errorf("make the template: %w", err)
	}
	s.templates[name] = true
	return name, nil
}

// build gives the template its name when it is whole.
func (s *server) build(ctx context.Context, name string, schemas []Schema) error {
	part := name + "_part"
	if err := s.exec(ctx, `DROP DATABASE IF EXISTS `+part+` WITH (FORCE)`); err != nil {
		return err
	}
	if err := s.exec(ctx, `CREATE DATABASE `+part); err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, s.url(part), schemas...); err != nil {
		return err
	}
	return s.exec(ctx, `ALTER DATABASE `+part+` RENAME TO `+name)
}

func templateName(schemas []Schema) (string, error) {
	h := sha256.New()
	for _, s := range schemas {
		fmt.Fprintf(h, "%q\n", s.Name)
		err := fs.WalkDir(s.FS, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(s.FS, path)
			fmt.Fprintf(h, "%q %q\n", path, b)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("read schema %s: %w", s.Name, err)
		}
	}
	return fmt.Sprintf("triptych_template_%x", h.Sum(nil)[:12]), nil
}
