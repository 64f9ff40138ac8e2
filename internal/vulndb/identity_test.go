package vulndb_test

import (
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/vulndb"
	"github.com/eksposure/eksposure/internal/vulndb/vulndbtest"
)

func TestSameAsTheGrypeLibrary(t *testing.T) {
	plain, err := vulndbtest.OpenPlain(sampleDir(t))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	db := open(t, vulndb.Config{})
	for range 2 { // the second time from memory
		for name, got := range matchAll(t, db) {
			want, err := plain.Findings(t.Context(), document(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(want, vulndbtest.Findings(got)); diff != "" {
				t.Errorf("%s (-grype +ours):\n%s", name, diff)
			}
		}
	}
}

func TestSameAsTheGrypeProgram(t *testing.T) {
	program := filepath.Join("..", "..", ".cache", "bin", "grype")
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("test/tools/build.sh has not built the grype program: %v", err)
		}
		t.Skip("test/tools/build.sh builds the grype program that this compares with")
	}
	for name, got := range matchAll(t, open(t, vulndb.Config{})) {
		want, err := vulndbtest.Program(t.Context(), program, sampleDir(t), document(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, vulndbtest.Findings(got)); diff != "" {
			t.Errorf("%s (-grype +ours):\n%s", name, diff)
		}
	}
}

func document(t *testing.T, name string) []byte {
	t.Helper()
	for _, im := range sampleImages(t) {
		if im.Name == name {
			return im.SBOM.Document
		}
	}
	t.Fatalf("no sample image %q", name)
	return nil
}
