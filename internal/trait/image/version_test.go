package image_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/trait/image"
)

// TestVersionOrder lists versions of one package oldest first.
func TestVersionOrder(t *testing.T) {
	for kind, lists := range map[string][]string{
		"deb": {
			"1.0~rc1 1.0 1.0+dfsg 1.0.1",
			"1.0~~ 1.0~ 1.0 1.0a 1.0+",
			"3.0.11-1~deb12u1 3.0.11-1~deb12u2 3.0.11-1~deb12u10 3.0.11-1 3.0.13-1",
			"9.9 1:1.0 1:1.0-1 2:0.1",
			"1.2-0.1 1.2-1 1.2-1ubuntu0.2 1.2-1ubuntu0.10 1.2-2",
			"2.31-13+deb11u2 2.31-13+deb11u7 2.36-9",
		},
		"rpm": {
			"1.0~rc1-1 1.0-1 1.0^git1-1 1.0.1-1",
			"1.1.1k-9.el8_7 1.1.1k-12.el8_9 1:1.0.2-1",
			"2.9-a 2.9-1 2.9-10 2.10-1",
			"1.0-1.el9_1 1.0a-1 1.0.0-1",
		},
		"apk": {
			"1.1.1-r0 1.1.1a-r0 1.1.1b-r0 1.1.1w-r0 1.1.1w-r1 1.1.1w-r10",
			"1.2_alpha1 1.2_beta1 1.2_rc1 1.2-r0 1.2-r1 1.2_p1 1.2.1_rc1 1.2.1",
			"3.1.4-r5 3.1.4-r6 3.1.8-r0 3.3.0-r0",
		},
		"npm": {
			"1.0.0-alpha 1.0.0-alpha.1 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1-0 1.0.1 1.10.0 2.0.0",
			"4.17.20 4.17.21",
		},
		"go-module": {
			"v0.0.0-20210220033148-5ea612d1eb83 v0.0.0-20220314234659-1baeb1ce4c0b v0.1.0 v0.17.0 v1.0.0-rc1 v1.0.0",
			"go1.20rc1 1.20 go1.20.5 1.20.8 go1.21.0 1.22",
		},
		"python": {"1.0.dev1 1.0a1 1.0b2 1.0rc1 1.0 1.0.post1 1.1", "2.0.9 2.0.10 2.1"},
		"java-archive": {
			"2.3.1 2.12.2 2.14.1 2.15.0 2.17.0 2.17.1",
			"5.3.0.M1 5.3.0.RC1 5.3.0.RELEASE 5.3.1.RELEASE",
			"1.0-alpha-1 1.0-beta-1 1.0-rc1 1.0-SNAPSHOT 1.0 1.0-1 1.1",
			"4.1.77.Final 4.1.100.Final",
		},
		"gem": {"5.2.4.rc1 5.2.4 5.2.4.3 6.0.0"},
	} {
		for _, list := range lists {
			versions := strings.Fields(list)
			for i, a := range versions {
				for j, b := range versions {
					want := min(max(i-j, -1), 1)
					if got := image.CompareVersions(kind, a, b); got != want {
						t.Errorf("%s: compare %q with %q = %d, want %d", kind, a, b, got, want)
					}
				}
			}
		}
	}
}

func TestEqualVersions(t *testing.T) {
	for kind, list := range map[string]string{
		"deb": "1.0 0:1.0 1.0-0 1.00", "rpm": "1.0-1 0:1.0-1 1.00-01", "npm": "1.0.0 v1.0.0 1.0 1.0.0+build.5", "java-archive": "1.0 1.0.0 1.0.Final 1.0.GA",
	} {
		versions := strings.Fields(list)
		for _, v := range versions {
			if image.CompareVersions(kind, versions[0], v) != 0 {
				t.Errorf("%s: %q and %q are the same", kind, versions[0], v)
			}
		}
	}
}

// FuzzCompareVersions: versions come from images, so any text must have its
// place in one order.
func FuzzCompareVersions(f *testing.F) {
	kinds := []string{"deb", "rpm", "npm", "apk"}
	for _, seed := range [][3]string{
		{"1.0", "1.0~rc1", "1:0"},
		{"1.1.1k-9.el8_7", "1^git", "~"},
		{"v1.0.0-rc.1", "go1.20", "1.0.0+x"},
		{"", "-", ":"},
		{"99999999999999999999999", "1.0a1", "1.0.Final"},
		{"0", "0.0.0", "-0"},
		{"\xff\xfe", "é1", "1é"},
		{"^^", "^~", "~^1"},
		{"1.a", "1.a0", "1.a.0"},
	} {
		for i := range kinds {
			f.Add(uint8(i), seed[0], seed[1], seed[2])
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, a, b, c string) {
		k := kinds[int(kind)%len(kinds)]
		compare := func(x, y string) int { return image.CompareVersions(k, x, y) }
		list := []string{a, b, c}
		for _, x := range list {
			if compare(x, x) != 0 {
				t.Errorf("%s: %q is not itself", k, x)
			}
			for _, y := range list {
				if compare(x, y) != -compare(y, x) {
					t.Errorf("%s: %q and %q: %d and %d", k, x, y, compare(x, y), compare(y, x))
				}
			}
		}
		if k == "rpm" {
			return // RPM's own order is not transitive where a release is missing
		}
		slices.SortFunc(list, compare)
		if compare(list[0], list[1]) > 0 || compare(list[1], list[2]) > 0 || compare(list[0], list[2]) > 0 {
			t.Errorf("%s: no order of %q", k, list)
		}
	})
}
