package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/plan"
)

func TestCandidates(t *testing.T) {
	for _, tt := range []struct {
		why, current, tags string
		want               string
	}{
		{"the newest patch first", "1.25.3", "1.25.2 1.25.4 1.25.10 1.25.9 1.25 1 latest", "1.25.10 1.25.9 1.25.4 1.25.3"},
		{"then another minor version", "1.25.3", "1.25.4 1.26.0 1.27.1 2.0.0", "1.25.4 1.25.3 1.27.1 1.26.0"},
		{"no more than are worth reading", "1.0.0", "1.0.1 1.0.2 1.0.3 1.0.4 1.1.0 1.2.0 1.3.0", "1.0.4 1.0.3 1.0.2 1.0.0 1.3.0 1.2.0"},
		{"the same variant", "1.25.3-alpine", "1.25.4 1.25.4-alpine 1.25.5-perl 1.25.4-alpine-slim 1.25.6-alpine3.19", "1.25.4-alpine 1.25.3-alpine"},
		{"no pre-release for a release", "3.0.1", "3.0.2-rc1 3.0.2-rc.2 3.0.2-beta 3.0.2-alpha.1 3.0.2rc3 3.0.2-SNAPSHOT 3.0.2-dev 3.0.2-nightly", "3.0.1"},
		{"a release for a pre-release", "3.0.2-rc1", "3.0.2 3.0.1 3.0.2-rc2 3.0.2-rc10 3.0.2-beta9", "3.0.2 3.0.2-rc10 3.0.2-rc2 3.0.2-rc1"},
		{"the same prefix", "v1.8.2", "v1.8.3 1.8.4 V1.8.5 release-1.8.6", "v1.8.3 v1.8.2"},
		{"builds of one version", "v1.10.1-eksbuild.6", "v1.10.1-eksbuild.11 v1.10.1-eksbuild.2 v1.10.2-eksbuild.1", "v1.10.2-eksbuild.1 v1.10.1-eksbuild.11 v1.10.1-eksbuild.6"},
		{"a revision of a package", "2.4.57-debian-11-r3", "2.4.57-debian-11-r12 2.4.58-debian-12-r0 2.4.57-debian-11-r4", "2.4.57-debian-11-r12 2.4.57-debian-11-r4 2.4.57-debian-11-r3"},
		{"Java's builds", "17.0.8_7-jre", "17.0.9_9-jre 17.0.8_10-jre 17.0.9_9-jdk 21.0.1_12-jre", "17.0.9_9-jre 17.0.8_10-jre 17.0.8_7-jre"},
		{"days", "bullseye-20210816", "bullseye-20240812 bookworm-20240812 bullseye-20240812-slim bullseye", "bullseye-20240812 bullseye-20210816"},
		{"rebuilds by the day", "1.2.3-20240101", "1.2.3-20240301 1.2.3-20231201", "1.2.3-20240301 1.2.3-20240101"},
		{"as many numbers", "7.2", "7.3 7.4.1 7 7.10 8.0", "7.2 7.10 7.3"},
		{"before version 1 the minor version is the line", "0.8.1", "0.8.2 0.9.0", "0.8.2 0.8.1"},
		{"a year and a month are no line", "22.04", "22.10 24.04 22.04", "22.04"},
		{"a version of one number", "17", "18 17.0.1", "17"},
		{"no version", "bookworm", "bullseye trixie bookworm", "bookworm"},
		{"commits have no order", "1.2.3-3f2a9bc", "1.2.3-9f2a9bd 1.2.4-aaaaaaa", "1.2.3-3f2a9bc"},
		{"latest tells nothing", "latest", "latest 1.2.3", ""},
		{"no tag", "", "1.2.3", ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := plan.Candidates(tt.current, strings.Fields(tt.tags))
			if diff := cmp.Diff(strings.Fields(tt.want), append([]string{}, got...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever a registry says, there are few candidates, in the same order however the
// registry gave them, and each is a tag of it or the one that runs.
func FuzzCandidates(f *testing.F) {
	f.Add("1.25.3-alpine", "1.25.4-alpine 1.25.5 1.26.0-alpine latest")
	f.Add("bullseye-20210816", "bullseye-20240812 bullseye-99999999")
	f.Add("3.0.2-rc1", "3.0.2 3.0.2-rc2 3.0.2-rc.10")
	f.Add("1.2.3-r999999999999999999", "1.2.3-r9999999999999999999 999999999999999999999.1")
	f.Fuzz(func(t *testing.T, current, tags string) {
		list := strings.Fields(tags)
		got := plan.Candidates(current, list)
		if len(got) > 6 {
			t.Errorf("%d candidates", len(got))
		}
		for _, c := range got {
			if c != current && !slices.Contains(list, c) {
				t.Errorf("%q is no tag", c)
			}
		}
		slices.Reverse(list)
		if diff := cmp.Diff(got, plan.Candidates(current, list)); diff != "" {
			t.Errorf("in another order:\n%s", diff)
		}
	})
}
