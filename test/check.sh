#!/usr/bin/env bash
# The one gate: installs what a fresh machine lacks, builds the real parts that
# tests run, then checks formatting, lint, generated files, tests and modules.
# Needs Go and apt-get; everything else comes from here.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

step "Debian packages"
missing=()
command -v python3 >/dev/null || missing+=(python3)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v git >/dev/null || missing+=(git)
command -v chromium >/dev/null || missing+=(chromium fonts-liberation fonts-noto-cjk)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ]; then
	sudo=$([ "$(id -u)" = 0 ] || echo sudo)
	$sudo apt-get update -qq
	$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

step "foreign AWS clients (Python, JavaScript)"
./test/python/setup.sh
./test/javascript/setup.sh

step "cfn-lint, the AWS CDK with its compiler, a linter for Dockerfiles, and the schema of Terraform's AWS provider"
./test/guidance/setup.sh

step "eksctl's schema, which is in its Go module"
(cd / && go mod download "$(sed -n 's/.*"\(github.com\/weaveworks\/eksctl@v[^"]*\)".*/\1/p' "$OLDPWD/internal/iac/iactest/eksctl.go")")

# Before the program, which has it inside.
step "the console"
./console/build.sh --check
(
	cd console
	PATH="$(../test/node.sh):$PATH" npm run --silent types
	git diff --exit-code -- src/api/openapi.d.ts || { echo "the console's types of the API are out of date: run npm run types in console/ and commit" >&2; exit 1; }
)

step "the program"
go build -o .cache/bin/eksposure ./cmd/eksposure

step "linters"
go build -modfile=tools/go.mod -o .cache/bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
.cache/bin/golangci-lint run ./...
.cache/bin/golangci-lint fmt --diff ./...

step "generated files and modules"
go generate ./...
git diff --exit-code -- docs internal || { echo "generated files are out of date: run go generate ./... and commit" >&2; exit 1; }
go mod tidy -diff

step "a real kube-apiserver with kubectl, and the syft and grype programs"
./test/ekslab/build.sh
./test/tools/build.sh

# The Go vulnerability database is in the sample that the tests use; govulncheck's
# own is at an address that a closed network does not reach.
step "known vulnerabilities in the program"
(
	export GRYPE_DB_CACHE_DIR=$PWD/.cache/grype-db GRYPE_DB_AUTO_UPDATE=false GRYPE_DB_VALIDATE_AGE=false GRYPE_CHECK_FOR_APP_UPDATE=false
	.cache/bin/grype db import test/data/vulndb/grype-db-v6-sample.tar.zst >/dev/null
	.cache/bin/grype --quiet --fail-on low file:.cache/bin/eksposure
)

step "the console in a browser"
BUILT=1 ./console/test.sh

# Each package is tested once, with the race detector where that is quick. Packages that
# link syft or grype are tested without: building those with it takes longer than
# everything else together. So are store, whose engine is SQLite in Go, and the suites
# that take minutes without it already.
heavy=$(go list -f '{{if not .Standard}}{{.ImportPath}} {{join .Deps " "}} {{join .TestImports " "}} {{join .XTestImports " "}}{{end}}' ./internal/... |
	grep -E 'github.com/anchore/(syft|grype)|internal/(app|catalog|vulndb|estate/vulndata)' | cut -d' ' -f1 | sort)
quick=$(go list ./internal/... | grep -vE 'internal/(store|cloud|estate|kube|guidance)' | sort | comm -23 - <(echo "$heavy"))

step "tests"
go list ./... | sort | comm -23 - <(echo "$quick") | xargs go test -timeout 20m

step "tests with the race detector"
xargs go test -race -timeout 20m <<<"$quick"

step "done"
