package unencryptedkubernetessecrets_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/trait/traittest"
	"github.com/eksposure/eksposure/internal/trait/unencryptedkubernetessecrets"
)

func TestFixtures(t *testing.T) { traittest.Run(t, unencryptedkubernetessecrets.Trait()) }
