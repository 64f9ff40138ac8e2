// Package cli is the command line: one file per subcommand.
//
// It takes arguments, environment and streams, asks the ports of ports.go to do
// the work, and gives an exit code. Results go to standard output and nothing
// else does; progress, coverage and errors go to standard error. It opens no
// network connection and no database itself.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// Program is what the commands need, joined by the caller.
type Program struct {
	// Open makes the parts that do the work from the settings; it opens nothing yet.
	Open func(Setup) Backend
	// OpenServer makes the server from the settings; it opens nothing yet.
	OpenServer func(Setup) Server
	// OpenReports makes what keeps other scanners' reports; it opens nothing yet.
	OpenReports func(Setup) Reports
	// OpenRemediation makes what drafts and applies plans; it opens nothing yet.
	OpenRemediation func(Setup) Remediation
	// StartDemo starts the simulated estate.
	StartDemo func(context.Context, Setup) (Estate, error)
	// Traits is the list of traits, Page gives a remediation topic's page.
	Traits []exposure.Trait
	Page   func(topic string) (exposure.Page, bool)
	// Permissions are the rights that scanning needs.
	Permissions Permissions
	// Metrics are those that a server gives.
	Metrics []Metric
	Build   Build
	Now     func() time.Time
}

// Build tells which program this is.
type Build struct {
	Version string    `json:"version"`
	Commit  string    `json:"commit,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Go      string    `json:"go"`
}

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run runs one command line, without the program's name, and gives the exit code.
// env is NAME=VALUE, as os.Environ gives it.
func (p Program) Run(ctx context.Context, args, env []string, s Streams) int {
	r := &runner{Program: p, Streams: s, env: environment(env)}
	root := r.root() //nolint:contextcheck // the commands take the context that cobra is given below
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return fault.ExitOK
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", context.Canceled)
	}
	return r.fail(command, err)
}

// runner is one run of the program.
type runner struct {
	Program
	Streams

	env        map[string]string
	configFile string
	color      string
}

func environment(env []string) map[string]string {
	m := make(map[string]string, len(env))
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		m[name] = value
	}
	return m
}

// errUsage marks what the command line itself refuses: help on usage is then the
// remedy, which it is not for a damaged file.
var errUsage = fmt.Errorf("%w", fault.ErrInvalid)

// exitError ends a command that did its work with a code that tells about the
// result, not about a failure.
type exitError struct {
	code    int
	message string
}

func (e *exitError) Error() string { return e.message }

// fail says what went wrong in one line, what to do in another, and gives the
// exit code.
func (r *runner) fail(command *cobra.Command, err error) int {
	if exit, ok := errors.AsType[*exitError](err); ok {
		r.say("%s", exit.message)
		return exit.code
	}
	category := fault.Of(err)
	r.say("%s", message(err))
	text := remedy(category.Name)
	if fault.IsLocal(err) {
		text = ""
	}
	if errors.Is(err, errUsage) {
		text = "Usage: `" + command.CommandPath() + " --help`."
	}
	if text != "" {
		_, _ = fmt.Fprintln(r.Err, text)
	}
	return category.ExitCode
}

// say writes one line to standard error under the program's name.
func (r *runner) say(format string, args ...any) {
	_, _ = fmt.Fprintln(r.Err, "eksposure: "+printable(fmt.Sprintf(format, args...)))
}

// printable is a text without control characters: what it quotes may come from
// anywhere.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)
}

// message is the error's text in one line, without the categories' own words at
// its end: they are for programs.
func message(err error) string {
	return strings.Join(strings.FieldsFunc(fault.Message(err), func(c rune) bool { return c == '\n' }), "; ")
}

// remedy says what usually helps.
func remedy(category string) string {
	switch category {
	case "denied":
		return "Check the credentials with `aws sts get-caller-identity`, and the rights that `eksposure permissions` prints."
	case "throttled":
		return "Wait a little and run it again; what was recorded is kept."
	case "unavailable":
		return "Check the network and run it again; what was recorded is kept."
	case "internal":
		return "If this is not expected, run it again with --log-level debug and open an issue with what it prints."
	}
	return ""
}
