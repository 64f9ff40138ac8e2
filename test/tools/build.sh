#!/bin/sh
# Builds the programs of others that tests compare with into .cache/bin of the
# repository:
#   grype   the release of the library that internal/vulndb links, as its authors
#           build it: with its own go.mod, from the Go module proxy
# A cold build takes three to five minutes on two cores, a repeated one nothing.
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/.cache/bin
mkdir -p "$out"
version=$(go list -m -f '{{.Version}}' github.com/anchore/grype)
want="$version $(go env GOVERSION)"
if [ -x "$out/grype" ] && [ "$(cat "$out/grype.stamp" 2>/dev/null)" = "$want" ]; then
	exit 0
fi
echo "building grype" >&2
GOBIN="$out" go install -ldflags "-s -w" "github.com/anchore/grype/cmd/grype@$version"
echo "$want" >"$out/grype.stamp"
