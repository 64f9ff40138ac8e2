package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/trait"
)

// The whole demo in a few lines: what a change of any part of the pipeline does
// to the findings shows here.
func TestDemo(t *testing.T) {
	t.Parallel()
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}
	got := run(t, env, "demo", "-o", "json")
	if got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got.err)
	}
	demo := decode(t, got)
	golden(t, "demo.golden", summary(demo))

	seen := map[string]bool{}
	for _, f := range demo.Findings {
		seen[string(f.Severity)] = true
		seen["unneeded"] = seen["unneeded"] || f.Unneeded != nil
		for _, s := range f.Traits {
			seen[s.ID] = seen[s.ID] || s.Standing == exposure.Contributing
			seen["contextual"] = seen["contextual"] || s.Standing == exposure.Contextual
			seen["unknown"] = seen["unknown"] || s.Standing == exposure.Unknown || len(s.Unknowns) > 0
		}
	}
	wanted := []string{"Critical", "High", "Medium", "Low", "unneeded", "contextual", "unknown"}
	for _, tr := range trait.All() {
		wanted = append(wanted, tr.ID)
	}
	for _, w := range wanted {
		if !seen[w] {
			t.Errorf("the demo shows no %s", w)
		}
	}
	private := slices.ContainsFunc(demo.Coverage.Partial, func(p partial) bool {
		return slices.ContainsFunc(p.Gaps, func(g gap) bool { return strings.Contains(g.Detail, "endpoint is private") })
	})
	if !private || demo.Coverage.Complete || demo.Coverage.Clean == 0 || demo.Coverage.Undecided == 0 {
		t.Errorf("the demo's coverage lacks a private, a clean or an undecided cluster: %s", demo.Coverage)
	}
	left, err := os.ReadDir(strings.TrimPrefix(env[2], "TMPDIR="))
	if err != nil || len(left) > 0 {
		t.Errorf("the demo left %v, %v", left, err)
	}
}

// OCSF goes to other programs: one document a line for each finding, and nothing
// else on standard output.
func TestDemoOCSF(t *testing.T) {
	t.Parallel()
	got := run(t, []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}, "demo", "-o", "ocsf")
	if got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got.err)
	}
	var ids []string
	lines := bufio.NewScanner(strings.NewReader(got.out))
	lines.Buffer(nil, len(got.out)+1)
	for lines.Scan() {
		var document struct {
			ClassUID int `json:"class_uid"`
			Metadata struct {
				UID string `json:"uid"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(lines.Bytes(), &document); err != nil || document.ClassUID != 2004 {
			t.Fatalf("not a Detection Finding: %v\n%.200s", err, lines.Text())
		}
		ids = append(ids, document.Metadata.UID)
	}
	slices.Sort(ids)
	var want []string
	for _, f := range scanned(t).Findings {
		want = append(want, f.ID)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, ids); diff != "" || !strings.HasSuffix(got.out, "\n") {
		t.Errorf("documents (-findings +printed):\n%s", diff)
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got), `go test ./internal/app -update` rewrites it:\n%s", path, diff)
	}
}

// summary gives the findings, and what was not read, without what differs from
// run to run.
func summary(d decoded) string {
	var b strings.Builder
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "%s %s: %s\n", f.Cluster.Ref.Account, f.Cluster.Ref.Name, f.Severity)
		for _, standing := range []exposure.Standing{exposure.Contributing, exposure.Contextual, exposure.Unknown} {
			var names []string
			for _, s := range f.Traits {
				if s.Standing == standing {
					names = append(names, s.ID)
				}
			}
			if len(names) > 0 {
				fmt.Fprintf(&b, "  %s: %s\n", standing, strings.Join(names, ", "))
			}
		}
		for _, s := range f.Traits {
			if s.Standing != exposure.Unknown && len(s.Unknowns) > 0 {
				fmt.Fprintf(&b, "  in part unknown: %s\n", s.ID)
			}
		}
		if len(f.Topics) > 0 {
			fmt.Fprintf(&b, "  first: %s → %s\n", f.Topics[0].ID, severity(f.Topics[0].After))
		}
		for _, s := range f.FixSets {
			fmt.Fprintf(&b, "  for %s: %s → %s\n", severity(s.Wish), strings.Join(s.Topics, ", "), severity(s.After))
		}
	}
	fmt.Fprintf(&b, "scanned %d, clean %d, undecided %d, failed %d\n", d.Coverage.Scanned, d.Coverage.Clean, d.Coverage.Undecided, len(d.Coverage.Failed))
	for _, s := range d.Coverage.Skipped {
		fmt.Fprintf(&b, "skipped %s %s: %s, disabled %t\n", s.Account, s.Region, s.Reason, s.Disabled)
	}
	for _, p := range d.Coverage.Partial {
		for _, g := range p.Gaps {
			fmt.Fprintf(&b, "gap of %s: %s %s\n", p.Cluster.Name, g.Section, g.Reason)
		}
		for _, u := range p.Unknown {
			fmt.Fprintf(&b, "unknown of %s: %s\n", p.Cluster.Name, u.Trait)
		}
	}
	return b.String()
}

func severity(s exposure.Severity) string {
	if s == exposure.Resolved {
		return "resolved"
	}
	return string(s)
}
