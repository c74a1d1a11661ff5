# odoosync. `make` alone explains itself.

SHELL := /bin/bash
GO ?= go
FUZZTIME ?= 10s
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS := -s -w -X main.version=$(VERSION)
PACKAGES := ./...

.DEFAULT_GOAL := help
.PHONY: help setup setup-browser assets test-browser build run demo test test-odoo addons addons-check interleavings takeover race lint bench verify fuzz

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: modules
modules:
	@$(GO) mod download

setup: modules ## Fetch the Go modules, and MariaDB from Debian when it is missing
	@if ! command -v mariadbd >/dev/null && [ ! -x /usr/sbin/mariadbd ]; then $(MAKE) --no-print-directory mariadb; fi

.PHONY: mariadb
mariadb:
	@if ! command -v apt-get >/dev/null; then echo "mariadbd is missing: install MariaDB 10.6 or later (on Debian: mariadb-server)"; exit 1; fi; \
	sudo=; if [ "$$(id -u)" != 0 ]; then sudo=sudo; command -v sudo >/dev/null || { echo "mariadbd is missing: as root, apt-get install mariadb-server"; exit 1; }; fi; \
	echo "Installing mariadb-server for the tests and the demo ..."; \
	$$sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qy --no-install-recommends mariadb-server

.PHONY: tools
tools: ## Fetch what judges the alerts and the systemd unit (Debian): bin/promtool, systemd-analyze
	@sudo=; if [ "$$(id -u)" != 0 ]; then sudo=sudo; fi; set -e; \
	if ! command -v promtool >/dev/null && [ ! -x bin/promtool ]; then \
	  echo "Fetching promtool from Debian's package prometheus, without the server ..."; \
	  $$sudo apt-get update -q; mkdir -p bin; package=$$(mktemp -d); trap 'rm -rf "$$package"' EXIT; \
	  chmod 755 "$$package"; (cd "$$package" && apt-get download -q prometheus); \
	  dpkg-deb --fsys-tarfile "$$package"/prometheus_*.deb | tar -xO ./usr/bin/promtool >bin/promtool.part; \
	  chmod +x bin/promtool.part; mv bin/promtool.part bin/promtool; fi; \
	if ! command -v systemd-analyze >/dev/null; then \
	  $$sudo apt-get update -q; DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qy --no-install-recommends systemd; fi

setup-browser: setup ## Fetch Chromium from Debian, for the dashboard's tests in a browser
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	if ! command -v apt-get >/dev/null; then echo "chromium is missing: install it (on Debian: chromium)"; exit 1; fi; \
	sudo=; if [ "$$(id -u)" != 0 ]; then sudo=sudo; command -v sudo >/dev/null || { echo "chromium is missing: as root, apt-get install chromium"; exit 1; }; fi; \
	echo "Installing chromium for the dashboard's tests ..."; \
	$$sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qy --no-install-recommends chromium fonts-dejavu-core

HTMX := 2.0.11
ASSETS := internal/dashboard/assets
assets: ## Fetch the dashboard's one library, htmx, from npm into the tree (HTMX=2.0.11)
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; set -e; \
	(cd "$$dir" && npm pack --silent htmx.org@$(HTMX) >/dev/null && tar xzf htmx.org-$(HTMX).tgz); \
	rm -f $(ASSETS)/htmx-*; \
	cp "$$dir/package/dist/htmx.min.js" $(ASSETS)/htmx-$(HTMX).min.js; \
	cp "$$dir/package/LICENSE" $(ASSETS)/htmx-LICENSE.txt; \
	sed -i 's/htmx-[0-9.]*\.min\.js/htmx-$(HTMX).min.js/' internal/dashboard/templates/_layout.html

test-browser: setup-browser ## Test the dashboard in a browser; pictures go to var/screenshots
	ODOOSYNC_TEST_BROWSER=required $(GO) test -count=1 -v -run 'Browser|WithoutScripts|IsLive' ./internal/dashboard

build: modules ## Build bin/odoosync
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/odoosync ./cmd/odoosync

run: setup build ## Serve with a private MariaDB in ./var/db
	./bin/odoosync serve --local-db

demo: setup build ## Show it: a simulated Odoo, live edits, the rows that follow (Ctrl-C ends it)
	./bin/odoosync demo

test: setup ## Run the tests
	$(GO) test $(PACKAGES)

test-odoo: modules ## Test the Odoo module in a real Odoo: ODOO_SRC=<a checkout of Odoo 16 to 19>
	@if [ -z "$(ODOO_SRC)" ]; then echo "test-odoo skipped: ODOO_SRC names no checkout of Odoo (make test-odoo ODOO_SRC=/path/to/odoo)"; \
	else ODOO_SRC='$(abspath $(ODOO_SRC))' $(GO) test -count=1 -v -timeout 40m ./internal/realodoo && \
	ODOO_SRC='$(abspath $(ODOO_SRC))' $(GO) test -count=1 -v -timeout 20m -run TestWithARealOdoo ./cmd/odoosync; fi

.PHONY: soak-odoo
soak-odoo: modules ## Keep the daemon away from a real Odoo for an hour: ODOO_SRC=<a checkout>
	ODOO_SRC='$(abspath $(ODOO_SRC))' ODOOSYNC_TEST_DOWN=$${ODOOSYNC_TEST_DOWN:-1h} $(GO) test -count=1 -v -timeout 4h -run '^TestAReceiverThatIsDown$$' ./cmd/odoosync

addons: ## Write addons/<series>.0 from addons/source
	$(GO) run ./internal/addons/generate

addons-check: modules ## Check that the Odoo module's folders are up to date and sound
	$(GO) test -count=1 ./internal/addons

interleavings: setup ## Tell 2,000 random stories of both sides (ODOOSYNC_SEED repeats one)
	ODOOSYNC_INTERLEAVINGS=$${ODOOSYNC_INTERLEAVINGS:-2000} $(GO) test -count=1 -timeout 40m -v -run '^TestInterleavings$$' ./reconcile

takeover: setup ## Kill the daemon that sweeps ten times; another one goes on
	ODOOSYNC_TEST_TAKEOVERS=$${ODOOSYNC_TEST_TAKEOVERS:-10} $(GO) test -count=1 -timeout 30m -v -run '^TestTheSweepIsTakenOver$$' ./cmd/odoosync

race: setup ## Run the tests with the race detector
	$(GO) test -race -timeout 30m $(PACKAGES)

lint: modules ## gofmt, vet, staticcheck and the layering of packages
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet $(PACKAGES)
	$(GO) tool staticcheck $(PACKAGES)
	$(GO) test -count=1 ./internal/layers

bench: setup ## Run the benchmarks (read them with benchstat)
	$(GO) test -run '^$$' -bench . -benchmem $(PACKAGES)

verify: modules ## Check that go.mod is tidy
	$(GO) mod tidy -diff

fuzz: setup ## Fuzz every parser for FUZZTIME (10s) each
	@set -e; for package in $$($(GO) list $(PACKAGES)); do \
	  dir=$$($(GO) list -f '{{.Dir}}' $$package); \
	  for name in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go 2>/dev/null | cut -c6-); do \
	    echo "fuzzing $$package $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) $$package; \
	  done; done
