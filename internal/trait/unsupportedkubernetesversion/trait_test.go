package unsupportedkubernetesversion_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/trait/traittest"
	"github.com/eksposure/eksposure/internal/trait/unsupportedkubernetesversion"
)

func TestFixtures(t *testing.T) { traittest.Run(t, unsupportedkubernetesversion.Trait()) }
