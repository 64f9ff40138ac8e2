package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/report"
)

func planFormats() []string { return []string{"text", "json", "diff"} }

// writePlan writes a plan in the format asked for.
func (r *runner) writePlan(out *output, run remediation.Run) error {
	return r.write(out, func(w io.Writer) error {
		switch out.format {
		case "json":
			return writeJSON(w, run)
		case "diff":
			return block(w, planDiff(&run.Plan))
		}
		return block(w, planText(run)+nextText(run))
	})
}

func (r *runner) writeRuns(out *output, runs []remediation.Run) error {
	return r.write(out, func(w io.Writer) error {
		if out.format == "json" {
			return writeJSON(w, append([]remediation.Run{}, runs...))
		}
		if len(runs) == 0 {
			return line(w, "There is no plan; `eksposure remediate plan` drafts one.")
		}
		t := report.Table{Columns: []string{"PLAN", "STATE", "WHAT", "SEVERITY", "DRAFTED", "BY"}}
		for _, run := range runs {
			p := run.Plan
			t.Rows = append(t.Rows, []string{p.ID, string(run.State), p.Title, severities(&p), day(p.Drafted), cmp.Or(p.AuthorName, p.Author)})
		}
		return t.Write(w, report.Options{})
	})
}

func (r *runner) writeStatus(out *output, run remediation.Run) error {
	return r.write(out, func(w io.Writer) error {
		if out.format == "json" {
			return writeJSON(w, run)
		}
		return block(w, statusText(run)+nextText(run))
	})
}

// hint writes the next command to type, if there is one.
func (r *runner) hint(run remediation.Run) error {
	if text := strings.TrimSpace(nextText(run)); text != "" {
		return block(r.Out, text)
	}
	return nil
}

func planText(run remediation.Run) string {
	p := &run.Plan
	var b strings.Builder
	fmt.Fprintf(&b, "Plan %s (%s)\n%s\n\n", p.ID, run.State, p.Title)
	stays := ""
	if !p.Ends {
		stays = "stays, or is only weaker: see the notes"
	}
	for _, field := range [][2]string{
		{"Cluster", p.Cluster.String()},
		{"Remedies", p.Trait + ", option " + p.Option},
		{"Severity", severities(p)},
		{"Trait", stays},
		{"Drafted", day(p.Drafted) + " by " + cmp.Or(p.AuthorName, p.Author)},
		{"Needs", strings.Join(p.Permissions(), ", ")},
	} {
		if field[1] != "" {
			fmt.Fprintf(&b, "%-9s %s\n", field[0], field[1])
		}
	}
	b.WriteString("\nActions, each when the one before holds:\n")
	for i, a := range p.Actions {
		undo := "can be undone"
		switch {
		case a.Irreversible != "":
			undo = "CANNOT BE UNDONE: " + a.Irreversible
		case a.UndoLimit != "":
			undo = "can be undone: " + a.UndoLimit
		}
		fmt.Fprintf(&b, "  %d. %s\n     - %s\n     + %s\n     risk %s, effect %s, %s\n", i+1, a.Title, a.From, a.To, a.Risk, a.Effect, undo)
		for _, f := range a.Fixes {
			fmt.Fprintf(&b, "     fixes %s %s: in %s (%s)\n", f.Package, f.Version, f.FixedIn, f.Worst)
		}
	}
	if len(p.Checks) > 0 {
		b.WriteString("\nChecks:\n")
	}
	width := 0
	for _, c := range p.Checks {
		width = max(width, len(c.Name))
	}
	for _, c := range p.Checks {
		fmt.Fprintf(&b, "  %s %-*s  %s\n", mark(c.Verdict), width, c.Name, c.Detail)
	}
	b.WriteString(callersText(p.Callers))
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "\nNote: %s\n", note)
	}
	fmt.Fprintf(&b, "\nHash %s\n", run.Hash)
	return b.String()
}

// callersText shows who stays let in.
func callersText(c *plan.Callers) string {
	if c == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nCallers from %s to %s (%s%s):\n", day(c.From), day(c.To), c.Place, scanned(c.Scanned))
	width := 0
	for _, a := range c.Addresses {
		width = max(width, len(a.Address))
	}
	for _, a := range c.Addresses {
		fmt.Fprintf(&b, "  %-*s  %d calls, the last %s\n", width, a.Address, a.Calls, day(a.Last))
		for _, u := range a.Users {
			groups := ""
			if len(u.Groups) > 0 {
				groups = " (" + strings.Join(u.Groups, ", ") + ")"
			}
			fmt.Fprintf(&b, "  %-*s    %d by %s%s\n", width, "", u.Calls, u.Name, groups)
		}
		if a.More > 0 {
			fmt.Fprintf(&b, "  %-*s    and %d others\n", width, "", a.More)
		}
	}
	if c.Private > 0 {
		fmt.Fprintf(&b, "  Another %d came by the private path and need no range.\n", c.Private)
	}
	return b.String()
}

// scanned says what CloudWatch bills; logs of a small cluster are less than a megabyte.
func scanned(bytes int) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf(", %.3f GB scanned", float64(bytes)/1e9)
}

func mark(v plan.Verdict) string {
	switch v {
	case plan.Passed:
		return "✓"
	case plan.Failed:
		return "✗"
	case plan.Unknown:
	}
	return "?"
}

func severities(p *plan.Plan) string { return severityWord(p.Before) + " → " + severityWord(p.After) }

func severityWord(s exposure.Severity) string { return cmp.Or(string(s), "resolved") }

// statusText says what was done, and what the scan said.
func statusText(run remediation.Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Plan %s is %s: %s\n", run.Plan.ID, run.State, run.Plan.Title)
	if a := run.Approval; a != nil {
		fmt.Fprintf(&b, "  approved %s by %s", day(a.At), cmp.Or(a.Name, a.By))
		if len(a.Accepted) > 0 {
			fmt.Fprintf(&b, ", who accepted: %s", strings.Join(a.Accepted, ", "))
		}
		b.WriteString("\n")
	}
	for _, st := range slices.Concat(run.Steps, run.Back) {
		fmt.Fprintf(&b, "  %s\n", stepText(run, st))
	}
	if _, stays := run.Undoes(); stays != "" && len(run.Back) > 0 {
		fmt.Fprintf(&b, "  What was done before that stays: %s\n", stays)
	}
	if run.Problem != "" {
		fmt.Fprintf(&b, "  %s\n", run.Problem)
	}
	if v := run.Verified; v != nil {
		fmt.Fprintf(&b, "Scanned %s: the trait %s is %s, the severity is %s (it was %s).\n", day(v.At), run.Plan.Trait, v.Trait, severityWord(v.Severity), severityWord(run.Plan.Before))
		for _, e := range v.Evidence {
			fmt.Fprintf(&b, "  %s\n", e)
		}
	}
	return b.String()
}

func stepText(run remediation.Run, st remediation.Step) string {
	do := run.Do(st)
	title, update := do.Title, ""
	switch {
	case st.Update == "":
	case do.Kind == plan.WorkloadImage || do.Kind == plan.SourceRanges || do.Kind == plan.KeyCreation:
		update = ", " + st.Update
	default:
		update = ", EKS update " + st.Update
	}
	if st.Count > 0 {
		update = fmt.Sprintf(", %d secrets", st.Count)
	}
	undone := slices.IndexFunc(run.Back, func(b remediation.Step) bool { return b.Action == st.Action && !b.Held.IsZero() })
	switch {
	case !st.Undo && undone >= 0:
		return fmt.Sprintf("↶ %s (was taken back%s)", title, update)
	case !st.Held.IsZero() && st.Begun.IsZero():
		return fmt.Sprintf("✓ %s (was so already, seen %s)", title, day(st.Held))
	case !st.Held.IsZero():
		return fmt.Sprintf("✓ %s (holds since %s%s)", title, day(st.Held), update)
	case !st.Begun.IsZero():
		return fmt.Sprintf("… %s (begun %s%s)", title, day(st.Begun), update)
	}
	return "· " + title
}

// nextText is the next command to type.
func nextText(run remediation.Run) string {
	id := run.Plan.ID
	revert := ""
	if some, _ := run.Undoes(); some {
		revert = "\nTo take it back: eksposure remediate revert " + id + "\n"
	}
	switch run.State {
	case plan.Drafted, plan.Approved:
		if run.Fleet != "" {
			return "\nIt belongs to a fleet plan: eksposure remediate fleet show " + run.Fleet + "\n"
		}
		if run.State == plan.Approved {
			return "\nTo apply it: eksposure remediate apply " + id + "\n"
		}
		if failed := run.Plan.With(plan.Failed); len(failed) > 0 {
			return "\nIt cannot be approved, as these checks failed: " + strings.Join(failed, ", ") + ". Mend what they say and draft it again.\n"
		}
		command := []string{"  eksposure remediate approve", id, "--hash", run.Hash}
		for _, name := range run.Plan.Demands() {
			command = append(command, "--accept", shellWord(name))
		}
		return "\nNothing was changed. To approve exactly this:\n" + strings.Join(command, " ") + "\n"
	case plan.Applying, plan.Verifying, plan.Reverting:
		return "\nTo follow it: " + onward(run) + "\n"
	case plan.Paused:
		text := "\nTo go on: eksposure remediate apply " + id + "\n"
		if slices.Contains(run.Moves(), remediation.MoveCancel) {
			text += "To end it, with what was done as it is: eksposure remediate cancel " + id + "\n"
		}
		return text + strings.TrimPrefix(revert, "\n")
	case plan.Done, plan.Stopped:
		return revert
	case plan.Reverted, plan.Cancelled:
	}
	return ""
}

func shellWord(s string) string {
	if strings.ContainsRune(s, ' ') {
		return quote(s)
	}
	return s
}

// planDiff writes the settings of each action as lines that go and come.
func planDiff(p *plan.Plan) string {
	var b strings.Builder
	for i, a := range p.Actions {
		fmt.Fprintf(&b, "--- %s (before action %d)\n+++ %s (after action %d)\n@@ %s @@\n", a.Target.UID, i+1, a.Target.UID, i+1, a.Title)
		for _, l := range diffLines(settingLines(a.From), settingLines(a.To)) {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

func settingLines(s plan.Setting) []string {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return []string{s.String()}
	}
	return strings.Split(string(text), "\n")
}

// diffLines marks what goes (-), comes (+) and stays, after the lines that both begin
// and end with; a setting has a dozen lines.
func diffLines(from, to []string) []string {
	head := 0
	for head < len(from) && head < len(to) && from[head] == to[head] {
		head++
	}
	tail := 0
	for tail < len(from)-head && tail < len(to)-head && from[len(from)-1-tail] == to[len(to)-1-tail] {
		tail++
	}
	var out []string
	add := func(mark string, lines []string) {
		for _, l := range lines {
			out = append(out, mark+l)
		}
	}
	add(" ", from[:head])
	add("-", from[head:len(from)-tail])
	add("+", to[head:len(to)-tail])
	add(" ", from[len(from)-tail:])
	return out
}
