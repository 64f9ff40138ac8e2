package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/plan"
)

func TestReleaseCandidates(t *testing.T) {
	const app = "docker.io/library/python"
	for _, tt := range []struct {
		why, repository, current, tags string
		want                           string
	}{
		{"a later release, the newest first", app, "3.9-slim-buster", "3.9-slim-bookworm 3.9-slim-bullseye 3.9-slim 3.9-buster 3.9-bookworm 3.10-slim-bookworm 3.9-slim-stretch", "3.9-slim-bookworm 3.9-slim-bullseye 3.9-slim-buster 3.10-slim-bookworm"},
		{"a release by its number", app, "1.25.3-alpine3.14", "1.25.3-alpine3.18 1.25.3-alpine3.9 1.25.5-alpine3.18 1.25.5-alpine3.14 1.25.5 1.25.6-alpine", "1.25.5-alpine3.18 1.25.6-alpine 1.25.3-alpine3.14"},
		{"a base that moved under the same words", app, "1.25.3-alpine", "1.25.4-alpine 1.25.3-alpine3.20 1.25.2-alpine3.21 2.0.0-alpine", "1.25.3-alpine3.20 1.25.4-alpine 1.25.3-alpine"},
		{"the same line without a release", app, "v1.8.2", "v1.8.3 v1.9.0 v1.8.1 v2.0.0 v1.9.1-rc.1", "v1.8.3 v1.8.2 v1.9.0"},
		{"a revision counts in its release", app, "2.4.57-debian-10-r155", "2.4.57-debian-10-r160 2.4.57-debian-12-r3 2.4.57-debian-11-r9 2.4.58-debian-12-r0 2.4.56-debian-12-r1", "2.4.58-debian-12-r0 2.4.57-debian-11-r9 2.4.57-debian-10-r155"},
		{"another distribution is another line", app, "3.9-buster", "3.9-alpine3.22 3.9-jammy 3.9-ubi9", "3.9-buster"},
		{"Red Hat's", app, "17-ubi8", "17-ubi9 17-el9 18-ubi9", "17-ubi9 17-ubi8"},
		{"long term support is followed by the same", app, "8-jre-ubuntu18.04", "8-jre-ubuntu26.10 8-jre-ubuntu25.04 8-jre-ubuntu24.04 8-jre-ubuntu22.04", "8-jre-ubuntu24.04 8-jre-ubuntu22.04 8-jre-ubuntu18.04"},
		{"a word is the number of its release", app, "8-bionic", "8-jammy 8-ubuntu24.04 8-mantic", "8-ubuntu24.04 8-jammy 8-bionic"},
		{"days of a release", "docker.io/library/debian", "buster-20210816", "bookworm-20241016 bullseye-20240812 buster-20240612 bookworm-20240812 bookworm-20240812-slim", "bookworm-20241016 bullseye-20240812 buster-20210816"},
		{"a release alone", "docker.io/library/debian", "buster", "bookworm trixie stretch sid bookworm-slim 12", "trixie bookworm buster"},
		{"the distribution itself", "docker.io/library/alpine", "3.12.0", "3.12.12 3.20 3.22.2 3.21.5 3.19.9 edge 20250108", "3.22.2 3.21.5 3.19.9 3.12.0"},
		{"the distribution itself, in parts", "docker.io/library/debian", "10-slim", "12-slim 11-slim 13 10.13-slim", "12-slim 11-slim 10-slim"},
		{"the distribution with long term support", "public.ecr.aws/docker/library/ubuntu", "18.04", "25.10 25.04 24.10 24.04 22.04 20.04 16.04", "24.04 22.04 20.04 18.04"},
		{"Amazon Linux", "public.ecr.aws/amazonlinux/amazonlinux", "2", "2023 1 2023-minimal", "2023 2"},
		{"no number is no release of a program", app, "3.9", "3.10 3.12 4.0", "3.9 3.12 3.10"},
		{"latest tells nothing", app, "latest", "latest 3.9", ""},
		{"no tag", app, "", "3.9", ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := plan.ReleaseCandidates(tt.repository, tt.current, strings.Fields(tt.tags))
			if diff := cmp.Diff(strings.Fields(tt.want), append([]string{}, got...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever a registry says, there are few candidates, in the same order however the
// registry gave them, and each is a tag of it or the one that runs.
func FuzzReleaseCandidates(f *testing.F) {
	f.Add("docker.io/library/python", "3.9-slim-buster", "3.9-slim-bookworm 3.9-slim-bullseye 3.9")
	f.Add("docker.io/library/alpine", "3.12.0", "3.22.2 edge 99999999999999999999.1")
	f.Add("registry.example/app", "1.2.3-debian-10-r1", "1.2.3-debian-9999-r1 1.2.3-debian-12")
	f.Fuzz(func(t *testing.T, repository, current, tags string) {
		list := strings.Fields(tags)
		got := plan.ReleaseCandidates(repository, current, list)
		if len(got) > 6 {
			t.Errorf("%d candidates", len(got))
		}
		for i, c := range got {
			if c != current && !slices.Contains(list, c) {
				t.Errorf("%q is no tag", c)
			}
			if slices.Contains(got[:i], c) {
				t.Errorf("%q comes twice", c)
			}
		}
		slices.Reverse(list)
		if diff := cmp.Diff(got, plan.ReleaseCandidates(repository, current, list)); diff != "" {
			t.Errorf("in another order:\n%s", diff)
		}
	})
}
