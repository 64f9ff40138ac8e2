#!/bin/sh
# Makes .cache/guidance with the tools that read remediation guidance in tests: cfn-lint
# (venv), and the AWS CDK with the TypeScript compiler (node_modules), at locked
# versions. Safe to run again, and by several tests at the same time. Prints the
# directory.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
from="$root/test/guidance"
dir="$root/.cache/guidance"
mkdir -p "$dir"
if command -v flock >/dev/null 2>&1; then
	exec 9>"$root/.cache/guidance.lock"
	flock 9
fi

if ! cmp -s "$from/requirements.txt" "$dir/.requirements"; then
	rm -rf "$dir/venv"
	python3 -m venv "$dir/venv" >&2
	"$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$from/requirements.txt" >&2
	cp "$from/requirements.txt" "$dir/.requirements"
fi

# test/javascript/setup.sh has found or installed Node.js.
node=$(readlink -f "$("$root/test/javascript/setup.sh")/node")
ln -sf "$node" "$dir/node"
if ! cmp -s "$from/package-lock.json" "$dir/.locked"; then
	cp "$from/package.json" "$from/package-lock.json" "$dir/"
	(cd "$dir" && PATH="$(dirname "$node"):$root/.cache/venv/bin:$PATH" npm ci --silent --no-audit --no-fund >&2)
	cp "$from/package-lock.json" "$dir/.locked"
fi
printf '%s\n' "$dir"
