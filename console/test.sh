#!/bin/sh
# Tests the console in a real browser, Debian's Chromium, against the demo estate.
#   console/test.sh                    builds the console and the program, runs all
#   console/test.sh clusters.spec.ts   runs one file; further arguments are Playwright's
#   UPDATE=1 console/test.sh           also writes the screenshots in docs/console anew
#   BUILT=1 console/test.sh            takes .cache/bin/eksposure as it is
set -eu

cd "$(dirname "$0")/.."
if ! command -v chromium >/dev/null; then
	sudo=$([ "$(id -u)" = 0 ] || echo sudo)
	$sudo apt-get update -qq
	$sudo apt-get install -y -qq --no-install-recommends chromium fonts-liberation fonts-noto-cjk >&2
fi
if [ -z "${BUILT:-}" ]; then
	./console/build.sh
	go build -o "${EKSPOSURE:=.cache/bin/eksposure}" ./cmd/eksposure
	export EKSPOSURE
fi
PATH="$(./test/node.sh):$PATH"
cd console
exec npx --no-install playwright test --config test/playwright.config.ts "$@"
