#!/bin/sh
# Makes .cache/javascript with the AWS SDK for JavaScript at the locked version, and
# with Node.js and npm (test/node.sh).
# Safe to run again, and by several tests at the same time. Prints the directory.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
dir="$root/.cache/javascript"
mkdir -p "$dir"
if command -v flock >/dev/null 2>&1; then
	exec 9>"$root/.cache/javascript.lock"
	flock 9
fi

bin=$("$root/test/node.sh")
PATH="$bin:$PATH"
ln -sf "$bin/node" "$dir/node"

if ! cmp -s "$root/test/javascript/package-lock.json" "$dir/.installed"; then
	cp "$root/test/javascript/package.json" "$root/test/javascript/package-lock.json" "$dir/"
	(cd "$dir" && npm ci --silent --no-audit --no-fund >&2)
	cp "$root/test/javascript/package-lock.json" "$dir/.installed"
fi
cp "$root/test/javascript/client.mjs" "$dir/client.mjs"
printf '%s\n' "$dir"
