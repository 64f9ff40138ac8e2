package endoflifeoperatingsystem_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/trait/endoflifeoperatingsystem"
	"github.com/eksposure/eksposure/internal/trait/traittest"
)

func TestFixtures(t *testing.T) { traittest.Run(t, endoflifeoperatingsystem.Trait()) }
