#!/bin/sh
# Makes .cache/guidance with the tools that read remediation guidance in tests: cfn-lint
# (venv), the AWS CDK with the TypeScript compiler and a linter for Dockerfiles
# (node_modules), and the schema of the Terraform provider for AWS (provider), at locked
# versions. Safe to run again, and by several tests at the same time. Prints the directory.
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

# What the provider takes, as CDK Terrain declares it: Terraform's own registry is not
# asked. The package has 46 MB, of which 160 KB are kept.
package=@cdktn/provider-aws@25.7.0 # has the provider's 6.66.0
sum=13f9e1bb4c95644e265cc8083ee23cb4416dd411312e403b0118e285d1befc799f0dfccbafe384177764151bc8ea0951b77d25aeb05640bc17a82241c5c9b252
kinds='eks-cluster eks-node-group eks-addon kms-key kms-alias data-aws-eks-addon-version data-aws-ec2-managed-prefix-list'
if ! [ "$(cat "$dir/.provided" 2>/dev/null)" = "$package $kinds" ]; then
	rm -rf "$dir/provider" "$dir/packed"
	mkdir -p "$dir/provider" "$dir/packed"
	PATH="$(dirname "$node"):$PATH" npm pack --silent --pack-destination "$dir/packed" "$package" >&2
	printf '%s  %s\n' "$sum" "$(echo "$dir"/packed/*.tgz)" | sha512sum --check --quiet >&2
	tar -xzf "$dir"/packed/*.tgz -C "$dir/provider" --strip-components=1 package/LICENSE $(printf 'package/lib/%s/index.d.ts ' $kinds)
	rm -r "$dir/packed"
	printf '%s\n' "$package $kinds" >"$dir/.provided"
fi
printf '%s\n' "$dir"
