# The commands of the project. `make help` lists them.

SHELL := /bin/bash
# A workspace would let the replaces of e2e/go.mod move the product's own dependencies.
export GOWORK := off
export GOFLAGS := -buildvcs=false

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
# When the commit was made: the time of all that is made from it.
DATE    ?= $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
LDFLAGS := -s -w -X github.com/moorage-k8s/moorage/internal/version.version=$(VERSION) \
           -X github.com/moorage-k8s/moorage/internal/version.commit=$(COMMIT) \
           -X github.com/moorage-k8s/moorage/internal/version.date=$(DATE)

TOOLS := .cache/tools
# The race detector needs a C compiler.
RACE  := $(shell command -v $$(go env CC) >/dev/null 2>&1 && echo -race)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/moorage
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/moorage ./cmd/moorage

RELEASE = cd release && go run . -version '$(VERSION)' -commit '$(COMMIT)' -date '$(DATE)' -platforms '$(PLATFORMS)'

.PHONY: image
image: PLATFORMS ?= linux/amd64,linux/arm64
image: ## Make the container image, dist/moorage-image.tar, without a container engine (PLATFORMS=linux/amd64 for that one alone)
	$(RELEASE) image

.PHONY: release
release: PLATFORMS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64
release: ## Make all that a release consists of, in dist
	rm -rf dist
	$(RELEASE) all

.PHONY: test
test: test-unit test-race test-alerts test-release test-e2e e2e-install ## Run every test, those on a real control plane included (its first build takes some minutes)

.PHONY: test-unit
test-unit: ## Run the tests that need nothing but Go
	go test ./...

.PHONY: test-race
test-race: ## Run the tests that need nothing but Go with the race detector, where there is a C compiler
ifeq ($(RACE),)
	@echo "skipped: tests with the race detector, as there is no C compiler (install gcc)"
else
	go test -race ./...
endif

# Most of what the suites from here on look at is outside of their modules, where go test would not notice a change: hence -count=1.
.PHONY: test-release
test-release: ## Make a release for this architecture twice and look at it as its users do
	cd release && go test -count=1 ./...

.PHONY: test-alerts
test-alerts: ## Hold the chart's alerts, its dashboard and the runbooks against Prometheus' own parser and rule evaluation
	cd charts/alerts && go test -count=1 ./...

.PHONY: control-plane
control-plane: ## Build the control plane of the e2e suites into .cache
	cd e2e && go run ./cmd/controlplane build

.PHONY: test-e2e
test-e2e: control-plane ## Run the suites on a real control plane, and the engine against kube-scheduler's own plugins
	cd e2e && go test -count=1 -p 1 -timeout 25m $$(go list ./... | grep -v -e '/realnode$$' -e '/install$$')

.PHONY: e2e-install
e2e-install: control-plane ## Install the chart by Helm where pods really run: as root, with Debian's containerd; it says why if it cannot
	cd e2e && go test -count=1 -p 1 -v -timeout 25m ./realnode ./install

.PHONY: e2e
e2e: KUBE ?= 1.37
e2e: ## Run the suite on the control plane of another Kubernetes release (KUBE=1.35)
	cd e2e && go run ./cmd/controlplane -kubernetes $(KUBE) build
	cd e2e && MOORAGE_E2E_KUBERNETES=$(KUBE) go test -count=1 -p 1 -timeout 25m . ./controlplane ./chart

ROUNDS ?= 40000
.PHONY: oracle
oracle: ## Hold the engine against kube-scheduler's own plugins for ROUNDS random clusters; 40000 are over a million verdicts
	cd e2e && go test ./oracle -run '^TestOracle$$' -v -timeout 0 -rounds $(ROUNDS)

.PHONY: demo
demo: ## Show moorage at work on a real control plane; KEEP=1 leaves it running
	@mkdir -p .cache
	@echo 'compiling the demo itself; then, the first time, six programs of the control plane, and moorage: some 20 minutes, the network (Go module proxy), 7 GB of disk. Ctrl-C keeps what is built.'
	@trap 'echo "stopped; what is built is kept"; exit 130' INT; cd e2e && go build -o ../.cache/demo ./cmd/demo
	@cd e2e && ../.cache/demo $(if $(KEEP),--keep)

.PHONY: bench
bench: ## Run the benchmarks, the one against kube-scheduler's plugins too
	go test -run '^$$' -bench . -benchmem ./...
	cd e2e && go test -run '^$$' -bench . -benchmem ./oracle

.PHONY: bench-burst
bench-burst: control-plane ## Count over-commits and room left unused in bursts of pods, with moorage and without (EXPERIMENT=-help lists flags)
	cd e2e && go run ./cmd/experiment burst $(EXPERIMENT)

.PHONY: bench-throughput
bench-throughput: control-plane ## Measure kube-scheduler's throughput with moorage and without
	cd e2e && go run ./cmd/experiment throughput $(EXPERIMENT)

.PHONY: bench-balance
bench-balance: control-plane ## Show where a StatefulSet's volumes end up in zones of unequal size, with moorage and without
	cd e2e && go run ./cmd/experiment balance $(EXPERIMENT)

.PHONY: lint
lint: $(TOOLS)/golangci-lint $(TOOLS)/gofumpt ## Check the style of the code
	@unformatted=$$($(TOOLS)/gofumpt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted; run 'make format':"; echo "$$unformatted"; exit 1; fi
	$(TOOLS)/golangci-lint run ./...
	cd e2e && ../$(TOOLS)/golangci-lint run --config ../.golangci.yaml ./...
	cd release && ../$(TOOLS)/golangci-lint run --config ../.golangci.yaml ./...
	cd charts/alerts && ../../$(TOOLS)/golangci-lint run --config ../../.golangci.yaml ./...
	go test ./internal/language

.PHONY: format
format: $(TOOLS)/gofumpt ## Format the code
	$(TOOLS)/gofumpt -w $$(git ls-files -co --exclude-standard '*.go')

$(TOOLS)/golangci-lint: tools.mod tools.sum
	go build -modfile=tools.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(TOOLS)/gofumpt: tools.mod tools.sum
	go build -modfile=tools.mod -o $@ mvdan.cc/gofumpt

.PHONY: clean
clean: ## Remove what was built, the control plane's programs too
	rm -rf bin dist .cache
