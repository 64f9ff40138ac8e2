package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/fault"
)

// helpTopics are pages of `eksposure help` that belong to no command.
func helpTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodes()},
		{Use: "settings", Short: "The settings: configuration file, environment, flags", Long: settingsPage()},
		{Use: "output-formats", Short: "The formats that findings can be written in", Long: outputFormats},
	}
}

// exitCodes is made from the table of package fault.
func exitCodes() string {
	meaning := map[string]string{
		"canceled":       "interrupted (ctrl-C, SIGTERM); what was recorded is kept",
		"invalid":        "wrong flags, arguments, settings or input",
		"not_found":      "what was named does not exist",
		"denied":         "credentials are missing or expired, or a right is missing",
		"conflict":       "something changed meanwhile, or is busy",
		"quota_exceeded": "as many as are allowed exist already",
		"throttled":      "too many calls; run it again later",
		"unavailable":    "something could not be reached in time; run it again later",
	}
	lines := map[int]string{
		fault.ExitOK:         "done, and nothing that --fail-on names was found",
		fault.ExitInternal:   "an unforeseen error",
		fault.ExitFailOn:     "done, and --fail-on matched a finding",
		fault.ExitIncomplete: "done, but something that could hold an exposure was not read, or a trait could not be decided; --allow-gaps makes it 0",
	}
	for _, c := range fault.Categories() {
		lines[c.ExitCode] = meaning[c.Name]
	}
	var b strings.Builder
	b.WriteString("Every command ends with one of these codes. `eksposure serve`, `demo --serve` and `demo --hold` run until they are\n" +
		"interrupted: that is their end, and the code is then 0.\n\n")
	for code := range fault.ExitInterrupted + 1 {
		if text, ok := lines[code]; ok {
			fmt.Fprintf(&b, "  %3d  %s\n", code, text)
		}
	}
	b.WriteString("\nWhen both 10 and 11 apply, the code is 10. Suppressed and closed findings do not match --fail-on.")
	return b.String()
}

func settingsPage() string {
	var b strings.Builder
	b.WriteString("Every setting can stand in the configuration file (YAML, keys nested at the dots), in the environment, and most as a\n" +
		"flag. Flags win over the environment, the environment over the file. The file is the one that --config or\n$" + configVariable +
		" names, else config.yaml in $XDG_CONFIG_HOME/eksposure.\n")
	for _, s := range config.Settings() {
		fmt.Fprintf(&b, "\n  %s\n", s.Key)
		fmt.Fprintf(&b, "      %s\n      $%s", s.Doc, s.Env)
		if s.Flag != "" {
			fmt.Fprintf(&b, "   --%s", s.Flag)
		}
		fmt.Fprintf(&b, "   (%s", s.Kind)
		if s.Default != "" {
			fmt.Fprintf(&b, ", default %s", s.Default)
		}
		b.WriteString(")\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

const outputFormats = `Commands that print findings take -o (--output) with one of:

  text      aligned columns, coloured on a terminal (NO_COLOR and --color never turn that off)
  json      everything: findings, remediation topics written out, coverage
  ocsf      OCSF Detection Findings (class 2004), one per line, nothing else
  sarif     SARIF 2.1.0: traits are rules; what is unknown is an open result, what could not be read a notification
  csv       one row per finding, then per undecided cluster; fields that a spreadsheet would run as a formula begin with '
  markdown  a ticket per finding, with the remediation steps
  html      one page that needs nothing else, for reading and printing

--output-file writes to a file, which is replaced only by a whole one.`
