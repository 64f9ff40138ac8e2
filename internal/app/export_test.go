package app

import (
	"time"

	"github.com/eksposure/eksposure/internal/cli"
)

// ProgramAsOf is the Program with another clock for the facts that it judges, so
// that a scan of the estate sees the estate's day as the demo does.
func ProgramAsOf(now func() time.Time) cli.Program {
	p := Program()
	p.Open = func(s cli.Setup) cli.Backend {
		o := options(s)
		o.Now = now
		return backend{New(o)}
	}
	return p
}
