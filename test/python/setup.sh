#!/bin/sh
# Makes .cache/venv with the foreign AWS clients and the AWS stand-in that tests
# compare with: moto, boto3 and the AWS CLI, at pinned versions. Safe to run
# again, and by several tests at the same time. Prints the virtual environment's path.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
venv="$root/.cache/venv"
requirements="$root/test/python/requirements.txt"
stamp="$venv/.requirements"

mkdir -p "$root/.cache"
if command -v flock >/dev/null 2>&1; then
	exec 9>"$root/.cache/venv.lock"
	flock 9
fi

if [ ! -f "$stamp" ] || ! cmp -s "$requirements" "$stamp"; then
	rm -rf "$venv"
	python3 -m venv "$venv" >&2
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$requirements" >&2
	cp "$requirements" "$stamp"
fi
printf '%s\n' "$venv"
