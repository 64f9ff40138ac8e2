package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/report"
)

// gate turns findings and coverage into an exit code.
type gate struct {
	failOn    []string
	allowGaps bool
}

func gateFlags(c *cobra.Command, traits []exposure.Trait) *gate {
	g := failOnFlag(c, traits)
	g.gapFlag(c)
	return g
}

func failOnFlag(c *cobra.Command, traits []exposure.Trait) *gate {
	g := &gate{}
	c.Flags().StringArrayVar(&g.failOn, "fail-on", nil, "exit with 10 when this `condition` holds: a finding is at least this severe (critical, high, medium, low) or has a trait (trait=ID); may be repeated")
	choices := severityNames()
	for _, t := range traits {
		choices = append(choices, "trait="+t.ID)
	}
	_ = c.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	return g
}

// severityNames are the severities as flags take them.
func severityNames() []string {
	var names []string
	for _, s := range exposure.Severities() {
		names = append(names, strings.ToLower(string(s)))
	}
	return names
}

func (g *gate) gapFlag(c *cobra.Command) {
	c.Flags().BoolVar(&g.allowGaps, "allow-gaps", false, "exit with 0 instead of 11 when something could not be read or decided")
}

// check refuses a wrong --fail-on before any work is done.
func (g *gate) check(traits []exposure.Trait) error {
	for _, f := range g.failOn {
		id, isTrait := strings.CutPrefix(f, "trait=")
		if !isTrait {
			if _, err := exposure.ParseSeverity(f); err != nil {
				return fmt.Errorf("--fail-on %q: want critical, high, medium, low or trait=ID: %w", f, errUsage)
			}
			continue
		}
		if !slices.ContainsFunc(traits, func(t exposure.Trait) bool { return t.ID == id }) {
			return fmt.Errorf("--fail-on %q: no such trait; `eksposure traits list` shows all: %w", f, errUsage)
		}
	}
	return nil
}

// verdict gives the exit code as an error, or nil. A matched --fail-on says more
// than a gap, so it goes first.
func (g *gate) verdict(findings []*exposure.Finding, coverage *report.Coverage) error {
	for _, f := range findings {
		if !f.Open() || f.Status == exposure.StatusSuppressed {
			continue
		}
		for _, condition := range g.failOn {
			if met(f, condition) {
				return &exitError{code: fault.ExitFailOn, message: fmt.Sprintf("--fail-on %s: %s is %s", condition, f.Cluster.Ref.Name, f.Severity)}
			}
		}
	}
	if coverage != nil && !coverage.Complete && !g.allowGaps {
		return &exitError{code: fault.ExitIncomplete, message: coverage.Reading() + ", so this answer is not complete (exit code 11; --allow-gaps accepts it)"}
	}
	return nil
}

func met(f *exposure.Finding, condition string) bool {
	if id, ok := strings.CutPrefix(condition, "trait="); ok {
		t := f.Trait(id)
		return t != nil && t.Standing == exposure.Contributing
	}
	least, err := exposure.ParseSeverity(condition)
	return err == nil && f.Severity.Rank() >= least.Rank()
}
