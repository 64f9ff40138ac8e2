package cli_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/cli/clitest"
)

var update = flag.Bool("update", false, "rewrite the scripts' expected output")

// TestMain makes the scripts' "eksposure" the real command line over the fake
// ports of clitest.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"eksposure": func() {
			ctx, stop := signal.NotifyContext(clitest.Context(context.Background(), os.Getenv("FAKE")), os.Interrupt, syscall.SIGTERM)
			code := clitest.Program(os.Getenv("FAKE")).Run(ctx, os.Args[1:], os.Environ(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
			stop()
			os.Exit(code)
		},
	})
}

// TestScript runs testdata/script: one file per subcommand, to be read as its
// documentation. Run with -update to rewrite what is expected.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits},
	})
}

// exits runs a program and wants an exit code: exits 10 eksposure scan --fail-on high.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if got != want {
		ts.Fatalf("%s", fmt.Sprintf("exit code %d, want %d", got, want))
	}
}
