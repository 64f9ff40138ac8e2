package trait_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait"
)

// TestEveryFolderIsListed: a trait that is written and not listed finds nothing.
func TestEveryFolderIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, tr := range trait.All() {
		folder := strings.ReplaceAll(tr.ID, "-", "")
		if listed[folder] {
			t.Errorf("trait ID %q is used twice", tr.ID)
		}
		listed[folder] = true
		for _, want := range []string{"trait.go", "trait.md", "trait_test.go", "testdata"} {
			if _, err := os.Stat(filepath.Join(folder, want)); err != nil {
				t.Errorf("trait %q: %v", tr.ID, err)
			}
		}
	}
	pages, err := filepath.Glob("*/trait.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if folder := filepath.Dir(page); !listed[folder] {
			t.Errorf("trait folder %s is not listed; add this line to All():\n\t\t%s.Trait(),", folder, folder)
		}
	}
	if len(pages) != len(listed) {
		t.Errorf("%d pages, %d traits", len(pages), len(listed))
	}
}

func TestTraitsAreComplete(t *testing.T) {
	for _, tr := range trait.All() {
		page, ok := trait.Page(tr.ID)
		if !ok {
			t.Fatalf("no page of %q", tr.ID)
		}
		if tr.Title == "" || tr.Short == "" || tr.Type == "" || len(tr.Needs) == 0 || tr.Detect == nil || tr.Effort == 0 {
			t.Errorf("trait %q has an empty field: %+v", tr.ID, tr)
		}
		if (tr.Adjective == "") == (tr.Phrase == "") {
			t.Errorf("trait %q: want an adjective or a phrase, got %q and %q", tr.ID, tr.Adjective, tr.Phrase)
		}
		if tr.Title != page.Title {
			t.Errorf("trait %q: title %q, page %q", tr.ID, tr.Title, page.Title)
		}
		for _, o := range tr.Options {
			if o.Leaves != "" && !slices.ContainsFunc(trait.All(), func(other exposure.Trait) bool { return other.ID == o.Leaves }) {
				t.Errorf("trait %q, option %q leaves %q, which is no trait", tr.ID, o.ID, o.Leaves)
			}
		}
	}
	if _, ok := trait.Page("nothing"); ok {
		t.Error("there is a page of a topic that does not exist")
	}
}

// data gives the findings that a topic is written out for, from the least that
// can be known to far more than a page can show.
func data(topic string) map[string]exposure.TopicData {
	example := exposure.ExampleTopicData()
	empty := exposure.TopicData{Cluster: exposure.Cluster{Ref: example.Cluster.Ref}, ARN: example.ARN, Name: example.Name, Region: example.Region, Account: example.Account}
	rich := richFinding().TopicData(topic)
	huge := rich
	huge.Evidence = nil
	for range 300 {
		huge.Evidence = append(huge.Evidence, rich.Evidence...)
	}
	return map[string]exposure.TopicData{"example": example, "nothing known": empty, "rich": rich, "huge": huge}
}

func TestTopicsAreWrittenOut(t *testing.T) {
	topics := map[string][]exposure.Option{exposure.DeleteTopic: nil}
	for _, tr := range trait.All() {
		topics[tr.ID] = tr.Options
	}
	for id, options := range topics {
		page, _ := trait.Page(id)
		if len(page.References) < 3 {
			t.Errorf("%s: %d references", id, len(page.References))
		}
		for name, d := range data(id) {
			t.Run(id+"/"+name, func(t *testing.T) {
				topic, err := page.Guide(id, d)
				if err != nil {
					t.Fatal(err)
				}
				checkTopic(t, topic, options, d)
			})
		}
	}
}

// maxTopic is more than anybody reads; a topic of a cluster with thousands of
// images must stay below.
const maxTopic = 300_000

func checkTopic(t *testing.T, topic exposure.Topic, options []exposure.Option, d exposure.TopicData) {
	t.Helper()
	var titles []string
	size := len(topic.Intro)
	for _, o := range topic.Options {
		titles = append(titles, o.Title)
		size += len(o.Steps)
		if !strings.Contains("\n"+o.Steps, "\n1. ") || !strings.Contains(o.Steps, "\n2. ") {
			t.Errorf("option %q has no numbered steps:\n%s", o.Title, o.Steps)
		}
		if strings.Count(o.Steps, "```")%2 != 0 {
			t.Errorf("option %q has a code block without an end:\n%s", o.Title, o.Steps)
		}
		for _, bad := range []string{"<no value>", "%!", "```\n   ```", "--name  ", "--region  ", "--nodegroup-name  ", "map["} {
			if strings.Contains(o.Steps, bad) {
				t.Errorf("option %q contains %q:\n%s", o.Title, bad, o.Steps)
			}
		}
	}
	var offered []string
	for _, o := range options {
		if d.Offers(o.Title) {
			offered = append(offered, o.Title)
		}
	}
	if !slices.Equal(titles, offered) && options != nil {
		t.Errorf("sections %q, options %q", titles, offered)
	}
	if size > maxTopic {
		t.Errorf("the topic has %d bytes: want at most %d", size, maxTopic)
	}
	var all strings.Builder
	all.WriteString(topic.Intro)
	for _, o := range topic.Options {
		all.WriteString(o.Steps)
	}
	if !strings.Contains(all.String(), d.Name) && !strings.Contains(all.String(), "NAMESPACE") {
		t.Error("the topic does not name the cluster")
	}
}

// TestTopicsUseRealNames: steps are ready to paste.
func TestTopicsUseRealNames(t *testing.T) {
	for id, want := range map[string][]string{
		"internet-reachable":             {"--name checkout", "sg-0abc", "vpc-0abc", "workers-a"},
		"unsupported-kubernetes-version": {"To 1.33:", "To 1.36:", "--nodegroup-name workers-a", "--addon-name vpc-cni", "1.32 → 1.33 → 1.34 → 1.35 → 1.36", "profile-x"},
		"unencrypted-kubernetes-secrets": {"cannot be exchanged", "enable-key --region eu-central-1 --key-id arn:aws:kms"},
		"high-priority-vulnerability":    {"log4j-core", "2.17.1", "deployment/web", "CVE-2021-44228", "--addon-name vpc-cni", "RUN apt-get install"},
		"low-priority-vulnerability":     {"libssl3", "3.0.11-1~deb12u2"},
		"end-of-life-operating-system":   {"Debian GNU/Linux 10", "deployment/web"},
		"internet-reachable-workload":    {"kubectl -n shop annotate --overwrite service web"},
		"potentially-internet-reachable": {"--name checkout", "/aws/eks/checkout/cluster"},
		exposure.DeleteTopic:             {"--name checkout", "438 USD a month", "--nodegroup-name workers-a", "--fargate-profile-name profile-x", "protection is on"},
	} {
		page, _ := trait.Page(id)
		topic, err := page.Guide(id, richFinding().TopicData(id))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		b.WriteString(topic.Intro)
		for _, o := range topic.Options {
			b.WriteString("\n### " + o.Title + "\n" + o.Steps)
		}
		text := b.String()
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s does not contain %q:\n%s", id, w, text)
			}
		}
		if dir := os.Getenv("TOPICS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, id+".md"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestHostileTextStaysInItsPlace: names from images are an attacker's to choose.
func TestHostileTextStaysInItsPlace(t *testing.T) {
	s := richSnapshot()
	for i := range s.Images {
		for j := range s.Images[i].Layers {
			s.Images[i].Layers[j].CreatedBy = "RUN x\n### Pay us\n```\n| a | b |"
		}
		for j := range s.Images[i].Matches {
			s.Images[i].Matches[j].Package.Name = "evil\n### Pay us\n\n1. `rm -rf /`|"
		}
		s.Images[i].OS.Name = "Evil\n### Pay us"
	}
	f := correlate(s)
	for _, tr := range trait.All() {
		page, _ := trait.Page(tr.ID)
		topic, err := page.Guide(tr.ID, f.TopicData(tr.ID))
		if err != nil {
			t.Fatal(err)
		}
		checkTopic(t, topic, tr.Options, f.TopicData(tr.ID))
	}
}

func correlate(s *inventory.Snapshot) *exposure.Finding {
	f, _ := exposure.Correlate(nil, exposure.Evaluate(s, trait.All(), exposure.DefaultPolicy()), s, trait.All())
	return f
}

func richFinding() *exposure.Finding {
	s := richSnapshot()
	f := correlate(s)
	f.Unneeded = &exposure.Unneeded{Reasons: []string{"no nodes", "nothing started for 90 days (limit 30)"}, Since: s.CollectedAt, MonthlyUSD: exposure.MonthlyUSD(s)}
	return f
}

// BenchmarkDetect asks every trait of a cluster of usual size: 100 workloads on
// 30 images with 60 matches each.
func BenchmarkDetect(b *testing.B) {
	s := usualSnapshot()
	p := exposure.DefaultPolicy()
	all := trait.All()
	for _, tr := range all {
		b.Run(tr.ID, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tr.Detect(s, p)
			}
		})
	}
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, tr := range all {
				tr.Detect(s, p)
			}
		}
	})
}

func ExamplePage() {
	page, _ := trait.Page("internet-reachable")
	fmt.Println(page.Title)
	// Output: The Amazon EKS cluster allows public access
}
