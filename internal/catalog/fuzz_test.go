package catalog_test

import (
	"archive/tar"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/catalog"
	"github.com/eksposure/eksposure/internal/fault"
)

// FuzzUnpack reads any bytes as a layer: no panic, no memory beyond the limits,
// and every refusal is ErrInvalid.
func FuzzUnpack(f *testing.F) {
	t := &testing.T{}
	odd := archive(t,
		member{name: "etc/os-release", body: osRelease},
		member{name: "../../out", link: "/../../etc/passwd", kind: tar.TypeSymlink},
		member{name: "hard", link: "etc/os-release", kind: tar.TypeLink},
		member{name: "etc/.wh..wh..opq"},
		member{name: ".wh.etc"},
		member{name: "etc", body: "a file where a directory was"},
		member{name: "dev/null", kind: tar.TypeChar},
	)
	f.Add(odd)
	f.Add(gzipped(t, odd))
	f.Add(gzipped(t, odd)[:60])
	f.Add(hugeHeader())
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Add([]byte{})
	limits := catalog.Limits{Layer: 1 << 20, CompressedLayer: 1 << 20, File: 1 << 20, Files: 200, Path: 256}
	f.Fuzz(func(t *testing.T, layer []byte) {
		members, diffID, err := catalog.Unpack(layer, limits)
		if err != nil && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%v is not ErrInvalid", err)
		}
		if err == nil && (members > limits.Files || !strings.HasPrefix(diffID, "sha256:")) {
			t.Errorf("%d members, diff ID %q", members, diffID)
		}
		if err := catalog.Join(layer, limits); err != nil && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%v is not ErrInvalid", err)
		}
	})
}

// FuzzRoute reads any repository and mirror: no panic, refusals are ErrInvalid,
// and credentials never go over plain HTTP to another machine.
func FuzzRoute(f *testing.F) {
	f.Add("docker.io/library/debian", "docker.io", "https://mirror.example.com/hub")
	f.Add("debian", "*", "http://127.0.0.1:5000")
	f.Add("111122223333.dkr.ecr.us-east-1.amazonaws.com/shop/web", "*.dkr.ecr.*.amazonaws.com", "http://[::1]:80/")
	f.Add("a/b:c@d", "[", "http://mirror.internal:5000/../..")
	f.Fuzz(func(t *testing.T, repository, pattern, mirror string) {
		host, path, secure, err := catalog.Route(repository, map[string]string{pattern: mirror})
		if err != nil {
			if !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%v is not ErrInvalid", err)
			}
			return
		}
		if strings.Contains(path, "..") || host == "" || path == "" {
			t.Errorf("asks %q for %q", host, path)
		}
		loopback := strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "[::1]")
		mirrored := strings.HasPrefix(mirror, "http://") && strings.Contains(mirror, host)
		if secure && mirrored && !loopback {
			t.Errorf("credentials would go to %q over plain HTTP", host)
		}
	})
}

// FuzzParseIndex reads any bytes as a cached index.
func FuzzParseIndex(f *testing.F) {
	f.Add([]byte{}, "sha256:")
	f.Add(make([]byte, 64), "sha256:00")
	f.Fuzz(func(t *testing.T, raw []byte, diffID string) {
		if err := catalog.ParseIndex(raw, diffID); err != nil && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%v is not ErrInvalid", err)
		}
	})
}

func TestSyftVersionIsThatOfTheModule(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "github.com/anchore/syft v"+catalog.SyftVersion+"\n") {
		t.Errorf("go.mod does not require syft v%s; change syftVersion", catalog.SyftVersion)
	}
}
