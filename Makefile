# `make` lists the targets. Each does what its line says, or says why it cannot and fails.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
P        ?= 2#       packages tested at once; each may hold a PostgreSQL of its own
PKGS     ?= ./...
RUN      ?= .
BUSY     ?= ./internal/shared/... ./internal/jobs ./internal/tenancy ./internal/bootstrap ./internal/pgserver ./internal/telemetry ./tests/integration/...
FUZZTIME ?= 20s
GOVULNDB ?= https://vuln.go.dev

GOTEST = $(GO) test -p $(strip $(P)) -run '$(RUN)'
TOOL   = $(GO) tool -modfile=tools/go.mod
ABSENT = { echo "make $@: not there yet: $(1)" >&2; exit 1; }
# The folders whose tests carry a tag: under another tag than integration, unit files would run again everywhere.
TAGGED = $(shell grep -rlsE '^//go:build $(1)$$' --include='*_test.go' tests cmd internal | xargs -r -n 1 dirname | sort -u | sed 's|^|./|')

.PHONY: help deps build run demo test test-unit test-int test-e2e test-busy test-chaos test-long test-nightly tidy lint lint-openapi lint-client fmt sec \
	check-tests check-test-tags cover fuzz bench bench-neighbours accuracy demo-tenancy generate mutants up down migrate-up migrate-down clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 18

deps: ## Install what tests and the embedded default need (PostgreSQL, Redis), where it is missing
	@scripts/install-deps

build: ## Build bin/matcher
	$(GO) build -o bin/matcher ./cmd/matcher

run: deps build ## Build, then the demo in the foreground: two tenants, sample data, an address
	exec ./bin/matcher demo

demo: run ## The same as run

test: deps ## Everything but chaos: unit (house rules included), integration, end to end
	$(MAKE) --no-print-directory test-unit
	$(MAKE) --no-print-directory test-int
	$(MAKE) --no-print-directory test-e2e

test-unit: ## Unit tests and house rules; no server needed
	$(GOTEST) -timeout 5m $(PKGS)

test-int: ## Integration tests on private PostgreSQL and Redis servers
	$(GOTEST) -tags integration -timeout 10m $(PKGS)

test-e2e: ## The built binary from outside: command line, API, a second start
	@[ -n "$(call TAGGED,e2e)" ] || $(call ABSENT,no test carries the tag e2e)
	$(GOTEST) -count 1 -tags e2e -timeout 10m $(call TAGGED,e2e)

test-busy: deps ## Tests that wait or measure, over and over beside a busy loop for each core; 20 minutes at most (BUSY=./internal/jobs for one package)
	@loops=; trap 'kill $$loops 2>/dev/null' EXIT; \
	for core in $$(seq $$(getconf _NPROCESSORS_ONLN)); do \
		timeout 20m bash -c 'while :; do :; done' & loops="$$loops $$!"; done; \
	timeout 20m $(GO) test -p $(strip $(P)) -count 5 -timeout 10m -run '$(RUN)' $(BUSY); \
	timeout $$((1200 - SECONDS)) $(GO) test -p $(strip $(P)) -count 2 -timeout 15m -tags integration -run '$(RUN)' $(BUSY)

test-chaos: ## Broken networks, killed processes, full disks
	@[ -n "$(call TAGGED,chaos)" ] || $(call ABSENT,no test carries the tag chaos)
	$(GOTEST) -count 1 -tags chaos -timeout 20m $(call TAGGED,chaos)

test-nightly: test cover fuzz test-chaos test-long mutants ## All of it, slowly

test-long: deps ## Cases at full size: 500 random reconciliations, a million rows
	MATCHER_NIGHTLY=1 $(GO) test -count 1 -timeout 20m -run 'T107|TestAMillion|TestStatements' ./internal/engine ./internal/mapping
	MATCHER_NIGHTLY=1 $(GO) test -count 1 -timeout 90m -tags integration -run T48 ./internal/matching

mutants: deps ## One deliberate break for each row of the standard, each caught by the test its row names (ROW=n for one)
	$(GO) run ./tests/mutants

tidy: ## The house rules alone
	$(GO) test -count 1 ./tests/tidy/

check-tests: ## Every .go file with a function is exercised by a test file of its name or noun
	$(GO) test -count 1 -run '^TestEveryFileIsTested' ./tests/tidy/

check-test-tags: ## Every test file opens with the build tag of its kind
	$(GO) test -count 1 -run '^TestTestTags' ./tests/tidy/

lint: lint-openapi lint-client ## golangci-lint and formatting, as .golangci.yml argues them (the first run builds the linter: about 2 min)
	$(TOOL) golangci-lint run

lint-openapi: ## Redocly's and Spectral's rules for the OpenAPI document; a warning fails
	@scripts/install-deps --node
	@$(GO) run ./cmd/matcher schema openapi > tools/openapi/openapi.json
	@cd tools/openapi; npm ci --ignore-scripts --no-audit --no-fund --silent || { ! npm ping >/dev/null 2>&1 && \
		echo "lint-openapi: NOT RUN, the npm registry cannot be reached" && exit; }; \
	out=$$(npx --no redocly lint openapi.json --format=summary --max-problems=20 2>&1) && ! grep -E '^(error|warning) ' <<<"$$out" || \
		{ echo "$$out"; exit 1; }; \
	npx --no spectral lint --fail-severity=hint openapi.json

lint-client: ## The Go client is what the OpenAPI document makes it; if not, it is then
	@was=$$(sha256sum client/client.gen.go); $(GO) generate ./client; [ "$$was" = "$$(sha256sum client/client.gen.go)" ] || \
		{ echo "lint-client: client/client.gen.go was behind the API: commit what is there now"; exit 1; }

fmt: ## Format every Go file as lint wants it (gofumpt)
	$(TOOL) golangci-lint fmt

sec: ## gosec, then govulncheck against GOVULNDB; a finding fails
	$(TOOL) golangci-lint run --enable-only gosec
	@code=0; out=$$($(TOOL) govulncheck -db '$(GOVULNDB)' ./... 2>&1) || code=$$?; echo "$$out"; \
	if [ $$code = 1 ] && grep -q 'fetching vulnerabilities' <<<"$$out"; then \
		echo "govulncheck: NOT RUN, its database $(GOVULNDB) cannot be reached (set GOVULNDB to a copy)"; code=0; fi; exit $$code

cover: deps ## Coverage per package by unit and integration tests; under 85 % fails
	@mkdir -p coverage
	$(GO) test -p $(strip $(P)) -timeout 5m -coverpkg=./internal/...,./cmd/...,./migrations/... -coverprofile coverage/unit.out $(PKGS)
	$(GO) test -p $(strip $(P)) -timeout 15m -tags integration -coverpkg=./internal/...,./cmd/...,./migrations/... -coverprofile coverage/integration.out $(PKGS)
	@$(GO) run ./tests/cover -min 85 -what 'unit tests alone' -only recon,format,mapping,engine,audit,auth coverage/unit.out
	@$(GO) run ./tests/cover -min 85 -what 'unit and integration tests' coverage/unit.out coverage/integration.out

fuzz: ## Every fuzz target for FUZZTIME
	@targets=$$(grep -rHoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' internal cmd | sed -E 's|/[^/]*:func | |'); \
	[ -n "$$targets" ] || $(call ABSENT,no fuzz target); \
	while read -r dir name; do $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "./$$dir"; done <<<"$$targets"

bench: deps ## The figures of the README, measured here
	@[ -d tests/bench ] || $(call ABSENT,tests/bench)
	$(GO) run ./tests/bench

bench-neighbours: deps ## What one tenant's flood costs another: its p99 against its own alone
	$(GO) run ./tests/bench -only neighbours

accuracy: ## Precision and recall of every example against its truth, and wrong pairs on generated data; under its bar fails
	$(GO) run ./tests/accuracy
	$(GO) run ./tests/bench -only accuracy

demo-tenancy: deps ## A tenant's life over three processes, Redis and RabbitMQ: each step with the time it took
	$(GO) test -count 1 -v -tags e2e -run '^TestTenancyWalk$$' ./tests/e2e

generate: ## Generated code: the Go client, from the OpenAPI document
	$(GO) generate ./client

up: ## PostgreSQL, Valkey, RabbitMQ, S3 and Matcher in containers; the first time, random secrets in .env
	@scripts/first-env
	docker compose up --build --detach --wait

down: ## Stop the containers; their volumes stay
	docker compose down

migrate-up: build ## Migrate the control and work schemas and every tenant of POSTGRES_* forward
	./bin/matcher migrate up

migrate-down: build ## Undo the last migration there
	@grep -qs '"down"' cmd/matcher/migrate.go || $(call ABSENT,matcher migrate down)
	./bin/matcher migrate down

clean: ## Remove what was built; data/ stays
	rm -rf bin coverage
