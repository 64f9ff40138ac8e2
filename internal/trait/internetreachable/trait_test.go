package internetreachable_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/trait/internetreachable"
	"github.com/eksposure/eksposure/internal/trait/traittest"
)

func TestFixtures(t *testing.T) { traittest.Run(t, internetreachable.Trait()) }
