package catalog_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/catalog"
)

func TestDamagedCacheIsMadeAgain(t *testing.T) {
	h := openHub(t)
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, tarFile, indexFile string)
	}{
		{"archive changed", func(t *testing.T, tarFile, _ string) { t.Helper(); flip(t, tarFile) }},
		{"index changed", func(t *testing.T, _, indexFile string) { t.Helper(); flip(t, indexFile) }},
		{"archive cut", func(t *testing.T, tarFile, _ string) { t.Helper(); cut(t, tarFile) }},
		{"index cut", func(t *testing.T, _, indexFile string) { t.Helper(); cut(t, indexFile) }},
		{"archive gone", func(t *testing.T, tarFile, _ string) { t.Helper(); remove(t, tarFile) }},
		{"index gone", func(t *testing.T, _, indexFile string) { t.Helper(); remove(t, indexFile) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			first := newCataloger(t, catalog.Config{Dir: dir})
			im, before, err := first.Catalog(t.Context(), h.request("debian-12"))
			if err != nil {
				t.Fatal(err)
			}
			h.blobs()
			file := filepath.Join(dir, "layers", im.Layers[0].DiffID[len("sha256:"):])
			c.damage(t, file+".tar", file+".index")

			_, after, err := newCataloger(t, catalog.Config{Dir: dir}).Catalog(t.Context(), h.request("debian-12"))
			if err != nil {
				t.Fatal(err)
			}
			if string(before.Document) != string(after.Document) {
				t.Error("SBOM differs after the damage")
			}
			if got := h.blobs(); got != 2 {
				t.Errorf("%d blobs pulled, want 2: config and the damaged layer", got)
			}
		})
	}
}

func TestLayerGoneWhileRunning(t *testing.T) {
	h := openHub(t)
	dir := t.TempDir()
	c := newCataloger(t, catalog.Config{Dir: dir})
	for range 2 {
		im, _, err := c.Catalog(t.Context(), h.request("debian-12"))
		if err != nil {
			t.Fatal(err)
		}
		if got := h.blobs(); got != 2 {
			t.Errorf("%d blobs pulled, want 2", got)
		}
		remove(t, filepath.Join(dir, "layers", im.Layers[0].DiffID[len("sha256:"):]+".tar"))
	}
}

func TestCacheIsBounded(t *testing.T) {
	h := openHub(t)
	dir := t.TempDir()
	const bound = 300 << 10
	c := newCataloger(t, catalog.Config{Dir: dir, Limits: catalog.Limits{Cache: bound}})
	for _, name := range []string{"debian-12", "debian-11", "shop-web", "reports", "legacy-erp", "shop-web"} {
		if _, _, err := c.Catalog(t.Context(), h.request(name)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, "layers"))
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(f.Name()) == ".tar" {
			total += info.Size()
		}
	}
	// One image's layers may be above the bound while they are in use.
	if total > 2*bound {
		t.Errorf("cache holds %d bytes, bound is %d", total, bound)
	}
}

func TestAbandonedFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	newCataloger(t, catalog.Config{Dir: dir})
	for name, age := range map[string]time.Duration{"pull-1.tmp": 25 * time.Hour, "pull-2.tmp": time.Hour} {
		file := filepath.Join(dir, "layers", name)
		if err := os.WriteFile(file, []byte("half a layer"), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	newCataloger(t, catalog.Config{Dir: dir})
	left, err := os.ReadDir(filepath.Join(dir, "layers"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0].Name() != "pull-2.tmp" {
		t.Errorf("left %v, want pull-2.tmp only", left)
	}
}

func flip(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 0x40
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func cut(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()/2); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}
