package kube_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/kube"
)

func TestResolveImage(t *testing.T) {
	one, two := "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	long := "sha512:" + strings.Repeat("a", 128)
	for _, test := range []struct {
		name       string
		imageID    string
		references []string
		repository string // empty: not resolved
		digest     string
		why        string
	}{
		{"containerd", "registry.example.com/a/b@" + one, []string{"registry.example.com/a/b:1"}, "registry.example.com/a/b", one, ""},
		{"docker", "docker-pullable://nginx@" + one, []string{"nginx"}, "docker.io/library/nginx", one, ""},
		{"docker hub organization", "grafana/grafana@" + one, nil, "docker.io/grafana/grafana", one, ""},
		{"old docker hub name", "index.docker.io/library/nginx@" + one, nil, "docker.io/library/nginx", one, ""},
		{"tag and digest", "ghcr.io/a/b:v1@" + one, nil, "ghcr.io/a/b", one, ""},
		{"port", "localhost:5000/a@" + one, nil, "localhost:5000/a", one, ""},
		{"IPv6 registry", "[::1]:5000/a@" + one, nil, "[::1]:5000/a", one, ""},
		{"sha512", "quay.io/a/b@" + long, nil, "quay.io/a/b", long, ""},
		{
			"tag moved", "quay.io/a/b@" + one,
			[]string{"quay.io/a/b:latest@" + two},
			"quay.io/a/b", one,
			"what runs is what the status says, whatever the spec pins",
		},
		{"mirror", "mirror.example.com/docker.io/library/nginx@" + one, []string{"nginx"}, "mirror.example.com/docker.io/library/nginx", one, ""},
		{"bare ID", one, []string{"ghcr.io/a/b:v1"}, "ghcr.io/a/b", one, ""},
		{"bare ID and pinned reference", one, []string{"ghcr.io/a/b@" + two}, "ghcr.io/a/b", two, "the ID may be that of the configuration"},
		{"bare ID, second reference", one, []string{one, "ghcr.io/a/b:v1"}, "ghcr.io/a/b", one, "containerd names nameless images by their ID"},
		{"docker ID", "docker://" + one, []string{"ghcr.io/a/b:v1"}, "ghcr.io/a/b", one, ""},
		{"CRI-O ID", strings.Repeat("1", 64), []string{"ghcr.io/a/b:v1"}, "ghcr.io/a/b", one, ""},
		{"loaded by hand", "docker.io/library/import-2026-01-02@" + one, []string{"ghcr.io/a/b:v1"}, "ghcr.io/a/b", one, ""},
		{"loaded by hand, pinned elsewhere", "import-2026-01-02@" + one, []string{"ghcr.io/a/b@" + two}, "ghcr.io/a/b", one, "an exact digest is known"},
		{"no name", "<none>@" + one, []string{"ghcr.io/a/b:v1"}, "ghcr.io/a/b", one, ""},
		{"runs with no ID, pinned", "", []string{"ghcr.io/a/b@" + one}, "ghcr.io/a/b", one, ""},
		{"runs with no ID, by tag", "", []string{"ghcr.io/a/b:v1"}, "", "", "a tag is only a label"},
		{"bare ID, nothing else", one, nil, "", "", ""},
		{"tag as ID", "ghcr.io/a/b:v1", []string{"ghcr.io/a/b:v1"}, "", "", ""},
		{"short digest", "ghcr.io/a/b@sha256:12", []string{"ghcr.io/a/b:v1"}, "", "", ""},
		{"upper case digest", "ghcr.io/a/b@sha256:" + strings.Repeat("A", 64), []string{"ghcr.io/a/b"}, "", "", ""},
		{"path tricks", "ghcr.io/../../etc@" + one, nil, "", "", ""},
		{"host tricks", "evil.example.com#/a@" + one, nil, "", "", ""},
		{"endless", strings.Repeat("a/", 5000) + "b@" + one, nil, "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			repository, digest, ok := kube.ResolveImage(test.imageID, test.references...)
			if repository != test.repository || digest != test.digest || ok != (test.repository != "") {
				t.Errorf("got %q %q %t, want %q %q %s", repository, digest, ok, test.repository, test.digest, test.why)
			}
		})
	}
}

// FuzzResolveImage: whatever a node reports, what comes out can be put into a
// registry's URL, and without a digest nothing does.
func FuzzResolveImage(f *testing.F) {
	one := "sha256:" + strings.Repeat("1", 64)
	for _, id := range []string{
		"", one, "nginx@" + one, "docker-pullable://nginx@" + one, "docker://" + one, "<none>@" + one,
		"localhost:5000/a/b:c@" + one, "[::1]:1/a@" + one, "import-2026-01-02@" + one, "a:b/c:d@" + one, "a@b@" + one,
	} {
		f.Add(id, "ghcr.io/a/b:v1")
		f.Add(id, "ghcr.io/a/b@"+one)
	}
	whole := regexp.MustCompile(`^[A-Za-z0-9.\[\]:-]+(/[a-z0-9._-]+)+$`)
	digestForm := regexp.MustCompile(`^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$`)
	f.Fuzz(func(t *testing.T, imageID, reference string) {
		repository, digest, ok := kube.ResolveImage(imageID, reference)
		if !ok {
			if repository != "" || digest != "" {
				t.Fatalf("%q %q: not resolved, and yet %q %q", imageID, reference, repository, digest)
			}
			return
		}
		if !whole.MatchString(repository) || strings.Contains(repository, "..") && strings.Contains(repository, "/..") {
			t.Errorf("%q %q: repository %q", imageID, reference, repository)
		}
		if !digestForm.MatchString(digest) {
			t.Errorf("%q %q: digest %q", imageID, reference, digest)
		}
		if hexDigits := digest[strings.Index(digest, ":")+1:]; !strings.Contains(imageID+reference, hexDigits) {
			t.Errorf("%q %q: digest %q is in neither", imageID, reference, digest)
		}
		again, same, ok := kube.ResolveImage(repository+"@"+digest, reference)
		if !ok || again != repository || same != digest {
			t.Errorf("%q@%q resolves to %q@%q", repository, digest, again, same)
		}
	})
}
