package guidance_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/guidance/guidancetest"
	"github.com/eksposure/eksposure/internal/trait"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every option of every topic has every form: steps, or the reason why there are
// none.
func TestEveryOptionHasEveryForm(t *testing.T) {
	for _, c := range guidancetest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			met := 0
			for _, o := range c.Options {
				if o.Remedy.Reversibility == "" || o.Remedy.Risk == "" || !strings.HasPrefix(o.Remedy.Source, "https://") {
					t.Errorf("option %q: remedy %+v", o.ID, o.Remedy)
				}
				var forms []guidance.Form
				for _, g := range o.Forms {
					forms = append(forms, g.Form)
					if (g.Cannot == "") == (len(g.Steps) == 0) {
						t.Errorf("option %q as %s: cannot %q, and %d steps", o.ID, g.Form, g.Cannot, len(g.Steps))
					}
					for _, s := range g.Steps {
						if s.Text == "" || strings.Contains(s.Text+s.Code, "&lt;") || strings.Contains(s.Code, "<no value>") || (s.Code == "") != (s.Language == "") {
							t.Errorf("option %q as %s: step %+v", o.ID, g.Form, s)
						}
						met++
					}
				}
				if diff := cmp.Diff(guidance.Forms(), forms); diff != "" {
					t.Errorf("option %q (-want +got):\n%s", o.ID, diff)
				}
			}
			if met == 0 {
				t.Error("no step")
			}
		})
	}
}

// What is known is written, and not asked for.
func TestNothingKnownIsAsked(t *testing.T) {
	may := map[string]bool{
		"ALLOWED_CIDR": true, "EGRESS_CIDR": true, "PREFIX_LIST_ID": true, "KMS_KEY_ARN": true, "NEW_CLUSTER_NAME": true, "NEW_DIGEST": true,
		"ADDON_VERSION": true, "CLIENT_CIDR": true, "STACK_NAME": true,
	}
	for _, c := range guidancetest.Cases() {
		if c.Bare {
			continue
		}
		for _, o := range c.Options {
			for _, g := range o.Forms {
				for _, a := range g.Asks {
					if !may[a.Name] {
						t.Errorf("%s, option %q as %s asks for %s, which is known", c.Name, o.ID, g.Form, a.Name)
					}
					if a.Meaning == "" {
						t.Errorf("%s has no meaning", a.Name)
					}
				}
			}
		}
	}
}

// A golden file for each case, so that a change of a text is seen as what it does.
func TestText(t *testing.T) {
	for _, c := range guidancetest.Cases() {
		if c.Hostile || c.Bare {
			continue
		}
		path := filepath.Join("testdata", c.Name+".md")
		got := printed(c.Options)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func printed(options []guidance.Option) string {
	var b strings.Builder
	for _, o := range options {
		fmt.Fprintf(&b, "# %s\n\n%s. Risk %s, effect %s.\n", o.Title, o.Remedy.Describe(), o.Remedy.Risk, o.Remedy.Effect())
		for _, g := range o.Forms {
			fmt.Fprintf(&b, "\n## %s\n\n", g.Form.Title())
			if g.Cannot != "" {
				fmt.Fprintf(&b, "Cannot: %s\n", g.Cannot)
			}
			for i, s := range g.Steps {
				fmt.Fprintf(&b, "%d. %s\n", i+1, s.Text)
				if s.Code != "" {
					fmt.Fprintf(&b, "```%s\n%s\n```\n", s.Language, s.Code)
				}
			}
			for _, n := range g.Notes {
				fmt.Fprintf(&b, "> %s\n", n)
			}
			for _, a := range g.Asks {
				fmt.Fprintf(&b, "- `<%s>`: %s\n", a.Name, a.Meaning)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Every option that a trait has is written in some case.
func TestNoOptionIsForgotten(t *testing.T) {
	met := map[string]bool{}
	for _, c := range guidancetest.Cases() {
		for _, o := range c.Options {
			met[c.Topic+"/"+o.ID] = true
		}
	}
	for _, tr := range trait.All() {
		for _, o := range tr.Options {
			if !met[tr.ID+"/"+o.ID] {
				t.Errorf("option %q of %s", o.ID, tr.ID)
			}
		}
	}
	if !met[exposure.DeleteTopic+"/delete"] {
		t.Error("deletion")
	}
}

func TestUnknownTopicAndForm(t *testing.T) {
	if _, err := guidance.Write(&exposure.Finding{}, "mood"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("topic: %v", err)
	}
	if _, err := guidance.ParseForm("pulumi"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("form: %v", err)
	}
	if f, err := guidance.ParseForm("helm"); f != guidance.Helm || err != nil {
		t.Errorf("helm: %q, %v", f, err)
	}
}
