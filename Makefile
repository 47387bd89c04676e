# Short names for longer commands. Everything here also works without make.

.DEFAULT_GOAL := help

URL ?= http://127.0.0.1:8080

help: ## This list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

run: ## The demo: start the shop, place an order, show its trace
	go run ./cmd/triptych

up: ## Start the microservices and keep them up
	go run ./cmd/triptych up microservices

test: ## Every test; needs nothing set up
	go test ./...

check: format vet lint generated race ## Formatting, vet, modernisers, staticcheck, generated code, tests under the race detector

format: ## Go files that gofmt would change
	@files=$$("$$(go env GOROOT)/bin/gofmt" -l .) || exit 1; test -z "$$files" || { echo gofmt -w $$files; exit 1; }

vet: ## Mistakes that go vet knows, and code that go fix would modernise
	go vet ./...
	go fix -diff ./...

lint: ## What staticcheck says
	go tool staticcheck ./...

BUF = go tool -modfile=../tools/go.mod buf

generate: ## The Go code of proto/ (commit the result)
	cd proto && $(BUF) format -w && $(BUF) generate

# What is generated is made again beside, and held against what is committed;
# published.binpb is the .proto files as they were last published.
generated: ## Are the .proto files well made, compatible with the published ones, and their Go code up to date?
	cd proto && $(BUF) lint && $(BUF) format --diff --exit-code && $(BUF) breaking --against published.binpb
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && (cd proto && $(BUF) generate --output "$$fresh") && \
	for f in $$(cd "$$fresh" && find . -name '*.go'); do cmp "$$fresh/$$f" "proto/$$f" || { echo "run make generate"; exit 1; }; done

publish-proto: ## Let what is in the .proto files be what later ones are held against
	cd proto && $(BUF) build --exclude-source-info --output published.binpb

# domain/ is left out: it starts no goroutine, and its property tests are slow
# under the race detector. So is microservices/ itself, whose tests are of programs
# that are built without it.
race: ## Every test that has goroutines, under the race detector
	@test "$$(go env CGO_ENABLED)" = 1 || { echo "the race detector needs a C compiler: install gcc"; exit 1; }
	go test -race $$(go list ./... | grep -v -e /domain/ -e '/microservices$$')

vuln: ## Known vulnerabilities in what is used (asks the database of the Go project)
	go tool govulncheck ./...

FUZZTIME ?= 20s

fuzz: ## Each fuzz target for FUZZTIME (20s)
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' . | sort | while IFS=: read -r file func; do \
		go test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" || exit 1; \
	done

conformance: ## The contract's cases against each architecture, one line each
	go test -count=1 -v -run KeepTheContract\|KeepsTheContract ./monolith ./microservices

compose-test: ## Each profile in containers: the contract, an order's trace in Jaeger, nothing left behind
	compose/test

check-url: ## The contract's cases against the shop that runs at URL
	go run ./cmd/triptych check --url $(URL)

bench-monolith: ## Checkouts over HTTP beside pgbench with the same statements, in turns (4 minutes)
	go run ./lab/bench/monolith

bench-microservices: ## Readiness, memory, latency, cost beside the monolith's, takeover (8 minutes)
	go run ./lab/bench/microservices

bench-faas: ## Cold starts, warm calls and what they are held against, in turns (3 minutes)
	go run ./lab/bench/faas

bench-outbox: ## Events through one relay into the log
	go test -run '^$$' -bench Relay -benchtime 3x -count 5 ./internal/outbox

bench-payroll: ## Payroll runs of 100,000 rows, three months in a row
	go test -run '^$$' -bench PayrollRun -benchtime 3x ./monolith

bench-pictures: ## A photo of 12 megapixels made into three sizes
	go test -run '^$$' -bench Process -count 5 ./domain/picture

bench-telemetry: ## What a span, a traced request and a received batch cost
	go test -run '^$$' -bench . ./internal/telemetry ./lab/otlp ./lab/trace

load: ## A steady load on a running shop, by k6 (URL, RATE, DURATION: loadtest/README.md)
	@loadtest/run steady.js

smoke: ## Every route of a running shop once, by k6
	@loadtest/run smoke.js

.PHONY: help run up test check format vet lint generate generated publish-proto race vuln fuzz conformance compose-test check-url bench-monolith bench-microservices bench-faas bench-payroll bench-outbox \
	bench-pictures bench-telemetry load smoke
