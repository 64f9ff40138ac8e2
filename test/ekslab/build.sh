#!/bin/sh
# Builds the programs that the Kubernetes tests start as children into
# .cache/ekslab of the repository, when what they are made of has changed:
#   ekslab                  a real kube-apiserver with embedded etcd
#   aws-iam-authenticator   the webhook that EKS authenticates tokens with
#   gateway-api.yaml        the Gateway API's custom resource definitions
#   kubectl                 the real one
# A cold build takes four to five minutes on two cores, a repeated one nothing.
set -eu
cd "$(dirname "$0")"
out=$(cd ../.. && pwd)/.cache/ekslab
mkdir -p "$out"

# stamp prints a hash of everything a program is made of, the toolchain included.
stamp() {
	{ go env GOVERSION GOOS GOARCH; cat "$@"; } | sha256sum | cut -d' ' -f1
}

# build NAME STAMP COMMAND… runs the command unless NAME was built with STAMP.
build() {
	name=$1 want=$2
	shift 2
	if [ -e "$out/$name" ] && [ "$(cat "$out/$name.stamp" 2>/dev/null)" = "$want" ]; then
		return
	fi
	echo "building $name" >&2
	"$@"
	mv "$out/$name.new" "$out/$name"
	echo "$want" >"$out/$name.stamp"
}

ekslab() {
	version=k8s.io/component-base/version
	go build -o "$out/ekslab.new" -ldflags "-s -w \
		-X $version.gitVersion=v1.37.2 -X $version.gitMajor=1 -X $version.gitMinor=37" .
}

authenticator() {
	(cd authenticator && go build -ldflags "-s -w" -o "$out/aws-iam-authenticator.new" \
		sigs.k8s.io/aws-iam-authenticator/cmd/aws-iam-authenticator)
}

kubectl() {
	(cd kubectl && go build -ldflags "-s -w" -o "$out/kubectl.new" .)
}

gateway_api() {
	(
		cd gatewayapi
		go mod download sigs.k8s.io/gateway-api
		dir=$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)
		for file in "$dir"/config/crd/standard/gateway.networking.k8s.io_*s.yaml; do
			case $file in *_vap_*) continue ;; esac # policies, not definitions
			echo ---
			cat "$file"
		done >"$out/gateway-api.yaml.new"
	)
}

build ekslab "$(stamp build.sh go.mod go.sum ./*.go)" ekslab
build aws-iam-authenticator "$(stamp build.sh authenticator/go.mod authenticator/go.sum)" authenticator
build gateway-api.yaml "$(stamp build.sh gatewayapi/go.mod gatewayapi/go.sum)" gateway_api
build kubectl "$(stamp build.sh kubectl/go.mod kubectl/go.sum kubectl/main.go)" kubectl
