package images

import "strings"

// addAddons publishes EKS add-on images: Go programs on a minimal base. Those of newer
// versions of CoreDNS are there for plans, and run nowhere: one has not the fix, one has; an
// older one has an operating system past its end.
func addAddons(r *Registry) error {
	base, err := newLayer("COPY /newroot / # buildkit", 0,
		text("etc/os-release", "NAME=\"Amazon Linux\"\nVERSION=\"2023\"\nID=\"amzn\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"2023\"\nPLATFORM_ID=\"platform:al2023\"\nPRETTY_NAME=\"Amazon Linux 2023\"\n"),
		text("etc/system-release", "Amazon Linux release 2023 (Amazon Linux)\n"))
	if err != nil {
		return err
	}
	old, err := buster.distroless("amd64", "base-files", "tzdata")
	if err != nil {
		return err
	}
	coredns := func(name, tag, about, compiler, deps string) addonImage {
		version, _, _ := strings.Cut(tag, "-")
		return addonImage{
			Published{Name: name, Repository: "eks/coredns", Tag: tag, Addon: "coredns", About: about},
			goProgram{path: "github.com/coredns/coredns", version: version, compiler: compiler, deps: deps},
			"coredns", base,
		}
	}
	past := coredns("eks-coredns-v1.9.3", "v1.9.3-eksbuild.29", "an older CoreDNS on Debian 10, past its end of life", "go1.25.4",
		"github.com/miekg/dns@v1.1.68 golang.org/x/net@v0.47.0 golang.org/x/crypto@v0.45.0 google.golang.org/grpc@v1.76.0")
	past.base = old
	for _, a := range []addonImage{
		past,
		coredns("eks-coredns", "v1.10.1-eksbuild.6", "EKS add-on CoreDNS, behind its fixes", "go1.20.7",
			"github.com/miekg/dns@v1.1.55 golang.org/x/net@v0.14.0 golang.org/x/crypto@v0.12.0 google.golang.org/grpc@v1.57.0"),
		coredns("eks-coredns-v1.11.4", "v1.11.4-eksbuild.2", "a newer CoreDNS, whose golang.org/x/net has CVE-2023-45288 still", "go1.22.0",
			"github.com/miekg/dns@v1.1.61 golang.org/x/net@v0.22.0 golang.org/x/crypto@v0.21.0 google.golang.org/grpc@v1.63.2"),
		coredns("eks-coredns-v1.12.4", "v1.12.4-eksbuild.1", "the newest CoreDNS, with its fixes", "go1.25.4",
			"github.com/miekg/dns@v1.1.68 golang.org/x/net@v0.47.0 golang.org/x/crypto@v0.45.0 google.golang.org/grpc@v1.76.0"),
		{
			Published{Name: "eks-kube-proxy", Repository: "eks/kube-proxy", Tag: "v1.31.2-minimal-eksbuild.3", Addon: "kube-proxy", About: "EKS add-on kube-proxy"},
			goProgram{
				path: "k8s.io/kubernetes/cmd/kube-proxy", version: "v1.31.2", compiler: "go1.22.8",
				deps: "golang.org/x/net@v0.26.0 golang.org/x/sys@v0.21.0 google.golang.org/protobuf@v1.34.2",
			},
			"usr/local/bin/kube-proxy", base,
		},
		{
			Published{Name: "eks-vpc-cni", Repository: "amazon-k8s-cni", Tag: "v1.18.1-eksbuild.3", Addon: "vpc-cni", About: "EKS add-on VPC CNI"},
			goProgram{
				path: "github.com/aws/amazon-vpc-cni-k8s/cmd/aws-k8s-agent", version: "v1.18.1", compiler: "go1.22.2",
				deps: "github.com/aws/aws-sdk-go@v1.51.32 golang.org/x/net@v0.24.0 google.golang.org/grpc@v1.63.2",
			},
			"app/aws-k8s-agent", base,
		},
	} {
		a.p.Registry = AddonRegistry
		a.g.architecture = "amd64"
		binary, err := a.g.layer(a.at)
		if err != nil {
			return err
		}
		if err := addImage(r, a.p, a.base, binary); err != nil {
			return err
		}
	}
	return nil
}

// addonImage is an image of an add-on: the program, where it is, and on what.
type addonImage struct {
	p    Published
	g    goProgram
	at   string
	base layer
}
