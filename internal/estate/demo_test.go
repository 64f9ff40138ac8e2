package estate_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/inventory"
)

// The demo promises something of everything; the README tells of it.
func TestTheDemoHasSomethingOfEverything(t *testing.T) {
	s := estate.Demo(published)
	clusters := map[string]estate.Cluster{}
	accounts, regions, versions := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, a := range s.Accounts {
		for _, c := range a.Clusters {
			ref := inventory.ClusterRef{Partition: "aws", Account: a.ID, Region: c.Region, Name: c.Name}
			if err := ref.Validate(); err != nil {
				t.Error(err)
			}
			clusters[c.Name] = c
			accounts[a.ID], regions[c.Region], versions[c.Version] = true, true, true
		}
	}
	if len(clusters) != 12 || len(accounts) != 3 || len(regions) != 3 {
		t.Errorf("%d clusters in %d accounts and %d regions, want 12 in 3 and 3", len(clusters), len(accounts), len(regions))
	}
	for _, v := range []string{"1.27", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36"} {
		if !versions[v] {
			t.Errorf("no cluster has version %s", v)
		}
	}
	for _, has := range []struct {
		what string
		in   func(estate.Cluster) bool
	}{
		{"the whole of IPv4", func(c estate.Cluster) bool { return c.Public && slices.Contains(c.PublicCIDRs, "0.0.0.0/0") }},
		{"two halves of IPv4", func(c estate.Cluster) bool { return slices.Equal(c.PublicCIDRs, []string{"0.0.0.0/1", "128.0.0.0/1"}) }},
		{"the whole of IPv6", func(c estate.Cluster) bool { return c.IPv6 && slices.Contains(c.PublicCIDRs, "::/0") }},
		{"one address", func(c estate.Cluster) bool {
			return c.Public && len(c.PublicCIDRs) == 1 && strings.HasSuffix(c.PublicCIDRs[0], "/32")
		}},
		{"an empty list", func(c estate.Cluster) bool { return c.Public && len(c.PublicCIDRs) == 0 }},
		{"a stale list with the public endpoint off", func(c estate.Cluster) bool { return !c.Public && slices.Contains(c.PublicCIDRs, "0.0.0.0/0") }},
		{"an endpoint that cannot be reached", func(c estate.Cluster) bool { return c.Unreachable && !c.Public }},
		{"nothing that runs", func(c estate.Cluster) bool { return !c.Unreachable && count[*corev1.Node](c) == 0 }},
		{"Fargate", func(c estate.Cluster) bool { return len(c.FargateProfiles) > 0 }},
		{"Auto Mode", func(c estate.Cluster) bool { return c.AutoMode }},
	} {
		if !slices.ContainsFunc(slices.Collect(maps.Values(clusters)), has.in) {
			t.Errorf("no cluster has %s", has.what)
		}
	}
}

func count[T any](c estate.Cluster) int {
	n := 0
	for _, o := range c.Objects {
		if _, ok := o.(T); ok {
			n++
		}
	}
	return n
}

// A pod's image ID is what the registry has; only the images that are broken on
// purpose are missing.
func TestPodsRunPublishedImages(t *testing.T) {
	digests := map[string]bool{}
	for _, p := range published.Images() {
		digests[p.Repository+"@"+p.Digest] = true
	}
	pods := 0
	for _, a := range estate.Demo(published).Accounts {
		for _, c := range a.Clusters {
			nodes := map[string]bool{"": true}
			for _, o := range c.Objects {
				if n, ok := o.(*corev1.Node); ok {
					nodes[n.Name] = true
				}
			}
			for _, o := range c.Objects {
				p, ok := o.(*corev1.Pod)
				if !ok {
					continue
				}
				pods++
				if !nodes[p.Spec.NodeName] {
					t.Errorf("%s: pod %s runs on %q, which is no node", c.Name, p.Name, p.Spec.NodeName)
				}
				for _, s := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
					_, image, _ := strings.Cut(strings.TrimPrefix(s.ImageID, "docker-pullable://"), "/")
					if !digests[image] {
						t.Errorf("%s: pod %s runs %q, which the registry does not have", c.Name, p.Name, s.ImageID)
					}
				}
			}
		}
	}
	if pods < 50 {
		t.Errorf("only %d pods", pods)
	}
}

func TestTheDemoIsTheSameEachTime(t *testing.T) {
	if diff := cmp.Diff(estate.Demo(published), estate.Demo(published), cmpopts.IgnoreUnexported(estate.Cluster{}, estate.Update{})); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}
