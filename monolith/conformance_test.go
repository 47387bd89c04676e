package main

import (
	"testing"

	"triptych/conformance"
	"triptych/internal/postgres/pgtest"
)

func TestTheMonolithKeepsTheContract(t *testing.T) {
	p := startProcess(t, pgtest.URL(t, schemas...))
	conformance.Run(t, conformance.Target{
		URL:     p.url,
		Manager: conformance.Credentials{Email: managerEmail, Password: managerPassword},
	})
}
