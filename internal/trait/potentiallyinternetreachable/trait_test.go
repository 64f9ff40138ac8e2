package potentiallyinternetreachable_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/trait/potentiallyinternetreachable"
	"github.com/eksposure/eksposure/internal/trait/traittest"
)

func TestFixtures(t *testing.T) { traittest.Run(t, potentiallyinternetreachable.Trait()) }
