// Command eksposure finds how Amazon EKS clusters are exposed. `eksposure help`
// is the manual.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/eksposure/eksposure/internal/app"
	"github.com/eksposure/eksposure/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := app.Program().Run(ctx, os.Args[1:], os.Environ(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
