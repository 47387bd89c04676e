package api

import _ "embed"

// OpenAPI is the contract as an OpenAPI 3.1 document in YAML: what clients read,
// what the conformance suite holds every answer against.
//
//go:embed openapi.yaml
var OpenAPI []byte
