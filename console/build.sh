#!/bin/sh
# Builds the console into internal/web/dist, from where `go build` takes it into the
# program. Needs nothing but Node.js and npm, and brings them where they are missing.
# With --check, the types, the linter and the format are checked first.
set -eu

cd "$(dirname "$0")"
PATH="$(../test/node.sh):$PATH"
export PATH

# Installed once for each state of the lock file.
if ! cmp -s package-lock.json node_modules/.installed; then
	npm ci --no-audit --no-fund --loglevel=error >&2
	cp package-lock.json node_modules/.installed
fi
if [ "${1:-}" = --check ]; then
	npm run --silent check
fi
npm run --silent build -- --outDir dist --emptyOutDir --logLevel warn
node compress.mjs dist ../internal/web/dist
