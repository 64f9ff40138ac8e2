// Package traittest runs a trait's fixtures: testdata/*.txtar, each with
// snapshot.json, optionally policy.json, and the wanted result want.json.
//
// A fixture's name begins with the verdict it shows: present, absent or unknown.
// The text before its first file says what the case is. With -update the results
// are written instead of compared; read them before committing.
package traittest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

var update = flag.Bool("update", false, "write want.json of the fixtures")

// The files of a fixture.
const (
	fileSnapshot = "snapshot.json"
	filePolicy   = "policy.json"
	fileWant     = "want.json"
)

// Run evaluates the trait on every fixture of its folder, and fails when a
// verdict has no fixture.
func Run(t *testing.T, trait exposure.Trait) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	missing := []exposure.Verdict{exposure.Present, exposure.Absent, exposure.VerdictUnknown}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) {
			verdict := run(t, trait, path)
			if !strings.HasPrefix(name+"-", string(verdict)+"-") {
				t.Errorf("the verdict is %s: want a fixture name that begins with it", verdict)
			}
			missing = slices.DeleteFunc(missing, func(v exposure.Verdict) bool { return v == verdict })
		})
	}
	if len(missing) > 0 {
		t.Errorf("trait %s has no fixture for: %s", trait.ID, missing)
	}
}

func run(t *testing.T, trait exposure.Trait, path string) exposure.Verdict {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.TrimSpace(archive.Comment)) == 0 {
		t.Error("the fixture does not say what its case is: write it before the first file")
	}
	s, p := read(t, archive)
	r := exposure.Evaluate(s, []exposure.Trait{trait}, p).Results[0]
	if again := exposure.Evaluate(s, []exposure.Trait{trait}, p).Results[0]; !cmp.Equal(r, again) {
		t.Errorf("the same snapshot gave another result the second time:\n%s", cmp.Diff(r, again))
	}
	got, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		write(t, archive, path, got)
		return r.Verdict
	}
	if diff := cmp.Diff(string(file(archive, fileWant)), string(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	return r.Verdict
}

// read parses the fixture's input, and refuses members that do not exist: a
// misspelled one would make a case test something else.
func read(t *testing.T, archive *txtar.Archive) (*inventory.Snapshot, exposure.Policy) {
	t.Helper()
	text := file(archive, fileSnapshot)
	s, err := inventory.ParseSnapshot(text)
	if err != nil {
		t.Fatal(err)
	}
	strict(t, text, &inventory.Snapshot{})
	s.Normalize()
	p := exposure.DefaultPolicy()
	if policy := file(archive, filePolicy); policy != nil {
		strict(t, policy, &p)
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return s, p
}

func strict(t *testing.T, text []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func file(archive *txtar.Archive, name string) []byte {
	for _, f := range archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func write(t *testing.T, archive *txtar.Archive, path string, want []byte) {
	t.Helper()
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == fileWant })
	archive.Files = append(archive.Files, txtar.File{Name: fileWant, Data: want})
	if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
