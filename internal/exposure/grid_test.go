package exposure_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
)

var update = flag.Bool("update", false, "rewrite golden files")

// The published page is the golden file of the whole grid.
func TestSeverityPage(t *testing.T) {
	const page = "../../docs/severity.md"
	got := exposure.SeverityPage()
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/severity.md is out of date; run go test ./internal/exposure -update (-want +got):\n%s", diff)
	}
}
