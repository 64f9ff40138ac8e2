package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The groups under which help lists the commands.
const (
	groupMain   = "main"
	groupMore   = "more"
	groupRemedy = "remedy"
	groupServe  = "serve"
	groupAbout  = "about"
)

// suggestionDistance is how many letters a command may be off and still be guessed.
const suggestionDistance = 2

func (r *runner) root() *cobra.Command {
	c := &cobra.Command{
		Use:   "eksposure",
		Short: "Find how Amazon EKS clusters are exposed, and what to do about it",
		Long: `eksposure finds every EKS cluster of an account or an organization, sees what each one runs, decides how it is
exposed, and keeps one exposure finding per cluster, with the arithmetic of its severity and the steps to remedy it.

Scanning only reads; ` + "`eksposure remediate`" + ` changes what an approved plan says, and nothing else. Results go to standard output;
progress, coverage and errors go to standard error.`,
		Example: `  eksposure demo                                a whole scan of a simulated estate, no account needed
  eksposure scan                                every cluster of the account that the AWS credentials are for
  eksposure scan --organization --role-name eksposure-scan
  eksposure findings show checkout
  eksposure scan --fail-on high -o sarif --output-file exposure.sarif`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.SetFlagErrorFunc(flagError)
	c.SuggestionsMinimumDistance = suggestionDistance
	c.PersistentFlags().StringVar(&r.configFile, "config", "", "configuration `file`; default: $"+configVariable+", else config.yaml in the user's configuration directory")
	c.PersistentFlags().StringVar(&r.color, "color", "auto", "colours in text, `when`: auto, always or never")
	c.PersistentPreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains([]string{"auto", "always", "never"}, r.color) {
			return fmt.Errorf("--color %q: want auto, always or never: %w", r.color, errUsage)
		}
		return nil
	}
	c.AddGroup(&cobra.Group{ID: groupMain, Title: "Find exposure:"}, &cobra.Group{ID: groupMore, Title: "Look closer:"}, &cobra.Group{ID: groupRemedy, Title: "Remedy:"}, &cobra.Group{ID: groupServe, Title: "Serve:"}, &cobra.Group{ID: groupAbout, Title: "About eksposure:"})
	c.SetHelpCommandGroupID(groupAbout)
	c.SetCompletionCommandGroupID(groupAbout)
	add := func(group string, commands ...*cobra.Command) {
		for _, sub := range commands {
			sub.GroupID = group
			c.AddCommand(sub)
		}
	}
	add(groupMain, r.scanCommand(), r.findingsCommand(), r.demoCommand())
	add(groupMore, r.clustersCommand(), r.inventoryCommand(), r.evaluateCommand(), r.traitsCommand(), r.ingestCommand(), r.dbCommand())
	add(groupRemedy, r.remediateCommand())
	add(groupServe, r.serveCommand(), r.keysCommand())
	add(groupAbout, r.permissionsCommand(), r.versionCommand(), r.manCommand())
	c.AddCommand(r.docsCommand())
	c.AddCommand(helpTopics()...)
	c.InitDefaultHelpCmd()
	for _, sub := range c.Commands() {
		if sub.Name() == "help" {
			sub.Args = knownTopic
		}
	}
	return c
}

// knownTopic refuses a help topic that does not exist.
func knownTopic(c *cobra.Command, topic []string) error {
	found, rest, err := c.Root().Find(topic)
	if err == nil && len(rest) == 0 {
		return nil
	}
	if err != nil {
		found, rest = c.Root(), topic
	}
	return fmt.Errorf("unknown help topic %q for `%s`: %w", rest[0], found.CommandPath(), errUsage)
}

// noArgs refuses arguments; for a command that has subcommands it names the
// nearest of them.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !c.HasAvailableSubCommands() {
		return fmt.Errorf("`%s` takes no arguments, got %q: %w", c.CommandPath(), args[0], errUsage)
	}
	text := fmt.Sprintf("unknown command %q for `%s`", args[0], c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; did you mean `" + c.CommandPath() + " " + near[0] + "`?"
	}
	return fmt.Errorf("%s: %w", text, errUsage)
}

// args wants exactly the named arguments.
func args(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if len(given) < len(names) {
			return fmt.Errorf("`%s` needs %s: %w", c.CommandPath(), names[len(given)], errUsage)
		}
		if len(given) > len(names) {
			return fmt.Errorf("`%s` takes %s and no more, got %q: %w", c.CommandPath(), strings.Join(names, " and "), given[len(names)], errUsage)
		}
		return nil
	}
}

// atMost wants the named argument, or none.
func atMost(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if len(given) == 0 {
			return nil
		}
		return args(name)(c, given)
	}
}

// group is a command that only has subcommands.
func group(use, short, long string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Long: long, Args: noArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.SuggestionsMinimumDistance = suggestionDistance
	c.AddCommand(subs...)
	return c
}

// flagError gives an unknown flag its nearest known one.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	text := err.Error()
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		text = fmt.Sprintf("--%s %q: want %s", invalid.GetFlag().Name, invalid.GetValue(), wanted(invalid))
	}
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		text = fmt.Sprintf("unknown flag --%s for `%s`", unknown.GetSpecifiedName(), c.CommandPath())
		if near := nearestFlag(c, unknown.GetSpecifiedName()); near != "" {
			text += "; did you mean --" + near + "?"
		}
	}
	return fmt.Errorf("%s: %w", text, errUsage)
}

// wanted says what a flag takes, or what is wrong with the value that it was given.
func wanted(invalid *pflag.InvalidValueError) string {
	switch invalid.GetFlag().Value.Type() {
	case "int":
		return "a whole number"
	case "bool":
		return "true or false"
	case "duration":
		return "a time, such as 90s or 1h30m"
	}
	return "another: " + errors.Unwrap(invalid).Error()
}

func nearestFlag(c *cobra.Command, name string) string {
	best, distance := "", len(name)/2+1
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if d := editDistance(name, f.Name); d < distance && !f.Hidden {
			best, distance = f.Name, d
		}
	})
	return best
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost = 1 + min(corner, row[j], row[j+1])
			}
			corner, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
