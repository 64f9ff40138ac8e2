package iac_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/iac"
	"github.com/eksposure/eksposure/internal/inventory"
)

var update = flag.Bool("update", false, "rewrite the golden sections")

// Each file of testdata is a folder with a wish (its comment: JSON, and before it the
// why) and what comes of it: want.patch and want.notes, or want.error.
func TestFolders(t *testing.T) {
	t.Parallel()
	all := examples(t, "*")
	if len(all) < 10 {
		t.Fatalf("%d folders", len(all))
	}
	for _, e := range all {
		t.Run(strings.TrimSuffix(filepath.Base(e.name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			got := outcome(t, e.folder, e.wish, e.only)
			if *update {
				rewrite(t, e.name, e.archive, got)
				return
			}
			if d := cmp.Diff(e.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// example is a file of testdata.
type example struct {
	name    string
	archive *txtar.Archive
	wish    iac.Wish
	only    string
	folder  fstest.MapFS
	want    map[string]string
}

// examples reads the files of testdata whose names a pattern matches.
func examples(t *testing.T, pattern string) []example {
	t.Helper()
	names, err := filepath.Glob("testdata/" + pattern + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	all := make([]example, len(names))
	for i, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e := example{name: name, archive: archive}
		e.wish, e.only = wish(t, archive.Comment)
		e.folder, e.want = split(archive)
		all[i] = e
	}
	return all
}

// wish reads the comment of an archive.
func wish(t *testing.T, comment []byte) (w iac.Wish, only string) {
	t.Helper()
	from := bytes.IndexByte(comment, '{')
	if from < 0 {
		t.Fatal("the comment has no wish")
	}
	in := struct {
		*iac.Wish

		Only string
	}{Wish: &w}
	if err := json.Unmarshal(comment[from:], &in); err != nil { //nolint:musttag // a wish in a test is written with the names of its fields
		t.Fatal(err)
	}
	w.Cluster = inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "checkout"}
	return w, in.Only
}

// split takes the folder and what is wanted apart.
func split(a *txtar.Archive) (folder fstest.MapFS, want map[string]string) {
	folder, want = fstest.MapFS{}, map[string]string{}
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "want.") {
			want[f.Name] = string(f.Data)
			continue
		}
		folder[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return folder, want
}

func outcome(t *testing.T, folder fstest.MapFS, w iac.Wish, only string) map[string]string {
	t.Helper()
	p, err := iac.Write(folder, w, only)
	if err != nil {
		if !errors.Is(err, fault.ErrConflict) && !errors.Is(err, fault.ErrNotFound) && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("error without a category: %v", err)
		}
		return map[string]string{"want.error": err.Error() + "\n" + told(p)}
	}
	diff := p.Diff("")
	applies(t, folder, p, diff)
	got := map[string]string{"want.patch": string(diff)}
	if notes := told(p); notes != "" {
		got["want.notes"] = notes
	}
	return got
}

func told(p iac.Patch) string {
	var text strings.Builder
	for _, n := range p.Notes {
		fmt.Fprintf(&text, "note: %s\n", n)
	}
	for _, l := range p.Left {
		fmt.Fprintf(&text, "left: %s\n", l)
	}
	return text.String()
}

// applies lets git apply the patch, and looks that the files are then what the patch
// says, and that nothing is left to be changed.
func applies(t *testing.T, folder fs.FS, p iac.Patch, diff []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, folder); err != nil {
		t.Fatal(err)
	}
	git := exec.CommandContext(t.Context(), "git", "apply", "--whitespace=nowarn", "-")
	git.Dir, git.Stdin = dir, bytes.NewReader(diff)
	git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	if out, err := git.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, diff)
	}
	for _, f := range p.Files {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil || !bytes.Equal(got, f.New) {
			t.Errorf("%s after git apply: %v\n%s", f.Name, err, cmp.Diff(string(f.New), string(got)))
		}
	}
}

func rewrite(t *testing.T, name string, a *txtar.Archive, got map[string]string) {
	t.Helper()
	kept := a.Files[:0]
	for _, f := range a.Files {
		if !strings.HasPrefix(f.Name, "want.") {
			kept = append(kept, f)
		}
	}
	a.Files = kept
	for _, section := range []string{"want.patch", "want.notes", "want.error"} {
		if text, ok := got[section]; ok {
			a.Files = append(a.Files, txtar.File{Name: section, Data: []byte(text)})
		}
	}
	if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Applying a patch leaves nothing to patch.
func TestTwiceIsOnce(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t, "*") {
		p, err := iac.Write(e.folder, e.wish, e.only)
		if err != nil {
			continue
		}
		for _, f := range p.Files {
			e.folder[f.Name] = &fstest.MapFile{Data: f.New, Mode: 0o644}
		}
		if again, err := iac.Write(e.folder, e.wish, e.only); !errors.Is(err, fault.ErrConflict) {
			t.Errorf("%s: the patched folder is patched again: %v\n%s", e.name, err, again.Diff(""))
		}
	}
}
