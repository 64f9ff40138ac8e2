package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/guidance/guidancetest"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait"
)

var update = flag.Bool("update", false, "write the list of what the server says")

// saidFile has what the server says to people, for the console's test that each of it has
// a translation.
const saidFile = "../../console/test/said.json"

// TestSaid collects what the server says: the sentences in its source, what settings mean,
// and what comes out of every fixture of a trait, of the guidance and of the pages. Where it is another
// than the list of the console's tests, that list is written with -update, and the
// console's test then names what has no translation.
func TestSaid(t *testing.T) {
	said := map[string][]string{"source": sourceSentences(t)}
	findings := fixtureFindings(t)
	for _, f := range findings {
		said["findings"] = append(said["findings"], inFinding(f)...)
		said["pages"] = append(said["pages"], inPages(t, f)...)
		for _, topic := range f.Topics {
			options, err := guidance.Write(f, topic.ID)
			if err != nil {
				t.Fatal(err)
			}
			said["guidance"] = append(said["guidance"], inGuidance(options)...)
		}
	}
	for _, c := range guidancetest.Cases() {
		if !c.Hostile {
			said["guidance"] = append(said["guidance"], inGuidance(c.Options)...)
		}
	}
	for _, setting := range config.Settings() {
		said["settings"] = append(said["settings"], setting.Doc)
	}
	for area := range said {
		said[area] = distinct(said[area])
	}
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(said); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(saidFile, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(saidFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("what the server says is not what %s has; write it with -update, and give what is new its translation in console/src/text/zh-CN/said (-want +got):\n%s", saidFile, diff)
	}
}

var numbers = regexp.MustCompile(`[0-9]+`)

// distinct sorts sentences and keeps one of those that differ in numbers alone.
func distinct(said []string) []string {
	slices.Sort(said)
	var kept, seen []string
	for _, s := range said {
		shape := numbers.ReplaceAllString(s, "0")
		if at, found := slices.BinarySearch(seen, shape); s != "" && !found {
			kept, seen = append(kept, s), slices.Insert(seen, at, shape)
		}
	}
	return kept
}

// fixtureFindings are the findings of the snapshots that the traits are tested with.
func fixtureFindings(t *testing.T) []*exposure.Finding {
	t.Helper()
	paths, err := filepath.Glob("../trait/*/testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("the fixtures of the traits: %d, %v", len(paths), err)
	}
	var list []*exposure.Finding
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		policy := exposure.DefaultPolicy()
		var s *inventory.Snapshot
		for _, f := range archive.Files {
			switch f.Name {
			case "snapshot.json":
				s, err = inventory.ParseSnapshot(f.Data)
			case "policy.json":
				err = json.Unmarshal(f.Data, &policy)
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		s.Normalize()
		if f, _ := exposure.Correlate(nil, exposure.Evaluate(s, trait.All(), policy), s, trait.All()); f != nil {
			list = append(list, f)
		}
	}
	return list
}

func inFinding(f *exposure.Finding) []string {
	said := []string{f.Title}
	if f.Unneeded != nil {
		said = append(said, f.Unneeded.Reasons...)
	}
	for _, term := range f.Arithmetic.Terms {
		said = append(said, term.Why)
	}
	for _, s := range f.Signals {
		said = append(said, s.Title)
	}
	for _, r := range f.Resources {
		said = append(said, inFacts(r.Facts)...)
	}
	for _, state := range f.Traits {
		said = append(append(said, state.Title, state.Short), state.Unknowns...)
		for _, e := range state.Evidence {
			said = append(append(said, e.Summary), inFacts(e.Facts)...)
		}
	}
	return said
}

func inFacts(facts []exposure.Fact) []string {
	var said []string
	for _, f := range facts {
		said = append(said, f.Name, f.Value, f.Limit)
	}
	return said
}

// inPages are the topics of a finding, written out: sentences without their commands.
func inPages(t *testing.T, f *exposure.Finding) []string {
	t.Helper()
	var said []string
	topics := []string{exposure.DeleteTopic}
	for _, topic := range f.Topics {
		topics = append(topics, topic.ID)
	}
	for _, topic := range topics {
		page, ok := trait.Page(topic)
		if !ok {
			t.Fatalf("no page of %q", topic)
		}
		for _, data := range []exposure.TopicData{f.TopicData(topic), exposure.ExampleTopicData()} {
			guide, err := page.Guide(topic, data)
			if err != nil {
				t.Fatal(err)
			}
			said = append(append(said, guide.Title), inMarkdown(guide.Intro)...)
			for _, o := range guide.Options {
				said = append(append(said, o.Title), inMarkdown(o.Steps)...)
			}
		}
	}
	return said
}

var fence = regexp.MustCompile("(?ms)^ *```.*?^ *```$")

func inMarkdown(text string) []string {
	var said []string
	for line := range strings.SplitSeq(fence.ReplaceAllString(text, ""), "\n") {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "|--") {
			said = append(said, line)
		}
	}
	return said
}

func inGuidance(options []guidance.Option) []string {
	var said []string
	for _, o := range options {
		said = append(said, o.Title, o.Remedy.Limit)
		for _, g := range o.Forms {
			said = append(append(said, g.Cannot), g.Notes...)
			for _, s := range g.Steps {
				said = append(said, s.Text)
			}
			for _, a := range g.Asks {
				said = append(said, a.Meaning)
			}
		}
	}
	return said
}
