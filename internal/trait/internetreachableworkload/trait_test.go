package internetreachableworkload_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/trait/internetreachableworkload"
	"github.com/eksposure/eksposure/internal/trait/traittest"
)

func TestFixtures(t *testing.T) { traittest.Run(t, internetreachableworkload.Trait()) }
