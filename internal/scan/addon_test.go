package scan_test

import (
	"context"
	"testing"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Edge case 29: an image of an installed EKS add-on is marked, and one that only
// has such an image's name, or whose add-on is not installed, is not.
func TestAddonImagesAreMarked(t *testing.T) {
	tests := []struct {
		why        string
		repository string
		want       string
	}{
		{"AWS's own registry", "602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks/coredns", "coredns"},
		{"another name than the add-on's", "602401143452.dkr.ecr.eu-central-1.amazonaws.com/amazon-k8s-cni", "vpc-cni"},
		{"the public registry", "public.ecr.aws/eks-distro/coredns/coredns", "coredns"},
		{"the add-on is not installed", "602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks/kube-proxy", ""},
		{"the same software from elsewhere", "registry.k8s.io/coredns/coredns", ""},
		{"software of the users", "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop/web", ""},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			w := newWorld("a")
			w.onKube = func(_ context.Context, s *inventory.Snapshot) {
				s.Addons = []inventory.Addon{{Name: "coredns"}, {Name: "vpc-cni"}}
				s.Workloads = append(s.Workloads, inventory.Workload{Namespace: "kube-system", Kind: "Deployment", Name: "x", Running: 1, Containers: []inventory.Container{
					{Name: "x", Digest: "sha256:x", Repository: tt.repository, Reference: tt.repository + ":1", Running: 1},
				}})
			}
			s, err := w.scanner().Collect(t.Context(), cluster("a"), quiet)
			if err != nil {
				t.Fatal(err)
			}
			if im := s.Image("sha256:x"); im == nil || im.Addon != tt.want {
				t.Errorf("image %+v, want the add-on %q", im, tt.want)
			}
		})
	}
}
