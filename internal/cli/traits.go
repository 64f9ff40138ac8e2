package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/report"
)

func (r *runner) traitsCommand() *cobra.Command {
	return group("traits", "Explain the traits that are looked for", "Lists and explains the traits: the security deviations that findings are made of.",
		r.traitsListCommand(), r.traitsExplainCommand())
}

// traitRow is a trait as `traits list -o json` prints it.
type traitRow struct {
	ID     string          `json:"id"`
	Type   exposure.Type   `json:"type"`
	Short  string          `json:"short"`
	Title  string          `json:"title"`
	Effort exposure.Effort `json:"effort"`
	Needs  []string        `json:"needs"`
}

func rowOf(t exposure.Trait) traitRow {
	row := traitRow{ID: t.ID, Type: t.Type, Short: t.Short, Title: t.Title, Effort: t.Effort, Needs: []string{}}
	for _, n := range t.Needs {
		row.Needs = append(row.Needs, string(n))
	}
	return row
}

func (r *runner) traitsListCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List the traits",
		Example: `  eksposure traits list
  eksposure traits list -o json`,
		Args: noArgs,
	}
	out := outputFlags(c, "text", "json")
	c.RunE = func(*cobra.Command, []string) error {
		if err := out.check(); err != nil {
			return err
		}
		rows := []traitRow{}
		table := report.Table{Columns: []string{"TRAIT", "TYPE", "EFFORT TO REMEDY", "TITLE"}}
		for _, t := range r.Traits {
			rows = append(rows, rowOf(t))
			table.Rows = append(table.Rows, []string{t.ID, string(t.Type), t.Effort.String(), t.Title})
		}
		return r.write(out, func(w io.Writer) error {
			if out.format == "json" {
				return writeJSON(w, rows)
			}
			return table.Write(w, report.Options{})
		})
	}
	return c
}

func (r *runner) traitsExplainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain TRAIT",
		Short: "Explain one trait: what it means, how it is detected, how it is remedied",
		Example: `  eksposure traits explain internet-reachable
  eksposure traits explain high-priority-vulnerability -o json`,
		Args: args("a trait, as `eksposure traits list` names it"),
	}
	c.ValidArgsFunction = func(_ *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
		var ids []string
		for _, t := range r.Traits {
			ids = append(ids, t.ID)
		}
		return ids[:len(ids)*(1-min(len(given), 1))], cobra.ShellCompDirectiveNoFileComp
	}
	out := outputFlags(c, "text", "json")
	c.RunE = func(_ *cobra.Command, given []string) error {
		if err := out.check(); err != nil {
			return err
		}
		t, err := r.trait(given[0])
		if err != nil {
			return err
		}
		return r.write(out, func(w io.Writer) error { return r.explain(w, t, out.format) })
	}
	return c
}

// trait looks a trait up by its ID.
func (r *runner) trait(id string) (exposure.Trait, error) {
	near, distance := "", len(id)/2+1
	for _, t := range r.Traits {
		if t.ID == id {
			return t, nil
		}
		if d := editDistance(id, t.ID); d < distance {
			near, distance = t.ID, d
		}
	}
	hint := "`eksposure traits list` shows all"
	if near != "" {
		hint = "did you mean " + near + "?"
	}
	return exposure.Trait{}, fmt.Errorf("trait %q does not exist; %s: %w", id, hint, errUsage)
}

func (r *runner) explain(w io.Writer, t exposure.Trait, format string) error {
	page, ok := r.Page(t.ID)
	if !ok {
		return fmt.Errorf("trait %q has no page", t.ID)
	}
	guide, err := page.Guide(t.ID, exposure.ExampleTopicData())
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(w, struct {
			traitRow

			Meaning     string         `json:"meaning"`
			Detection   string         `json:"detection"`
			Remediation exposure.Topic `json:"remediation"`
		}{rowOf(t), page.Meaning, page.Detection, guide})
	}
	_, err = io.WriteString(w, traitPage(t, page, guide))
	return err
}

// traitPage is a trait's page in Markdown, which a terminal shows as it is.
func traitPage(t exposure.Trait, page exposure.Page, guide exposure.Topic) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nTrait `%s`, type %s, effort to remedy: %s.\n\n## What it means\n\n%s\n\n## How it is detected\n\n%s\n\n## How it is remedied\n\n",
		page.Title, t.ID, t.Type, t.Effort, page.Meaning, page.Detection)
	if guide.Intro != "" {
		b.WriteString(guide.Intro + "\n\n")
	}
	for _, o := range guide.Options {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", o.Title, o.Steps)
	}
	var forms []string
	for _, f := range guidance.Forms() {
		forms = append(forms, f.Title())
	}
	fmt.Fprintf(&b, "### In other forms\n\nFilled in for a finding, as %s: `GET /api/v1/findings/ID/topics/%s/guidance` of `eksposure serve`, with `?form=cdk` for one of them, and the finding's page in the console.\n\n",
		strings.Join(forms, ", "), t.ID)
	b.WriteString("## References\n\n")
	for _, ref := range page.References {
		fmt.Fprintf(&b, "- [%s](%s)\n", ref.Title, ref.URL)
	}
	return b.String()
}
