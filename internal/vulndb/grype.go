package vulndb

import (
	"bytes"
	"context"
	"fmt"

	"github.com/anchore/grype/grype"
	"github.com/anchore/grype/grype/distro"
	"github.com/anchore/grype/grype/match"
	"github.com/anchore/grype/grype/matcher"
	"github.com/anchore/grype/grype/matcher/dpkg"
	"github.com/anchore/grype/grype/matcher/rpm"
	"github.com/anchore/grype/grype/matcher/stock"
	"github.com/anchore/grype/grype/pkg"
	"github.com/anchore/grype/grype/version"
	"github.com/anchore/grype/grype/vulnerability"
	syftpkg "github.com/anchore/syft/syft/pkg"

	"github.com/eksposure/eksposure/internal/fault"
)

// The settings below are the defaults of the grype command line v0.121.2
// (cmd/grype/cli/options/match.go and cmd/grype/cli/commands/root.go there). A
// test compares our answers with that program's.

// newMatchers makes the matchers for one run: they keep state of a run in
// their fields, so they are never shared.
func newMatchers() []match.Matcher {
	return matcher.NewDefaultMatchers(matcher.Config{
		Stock: stock.MatcherConfig{UseCPEs: true},
		Dpkg:  dpkg.MatcherConfig{MissingEpochStrategy: version.MissingEpochStrategyZero},
		Rpm:   rpm.MatcherConfig{MissingEpochStrategy: version.MissingEpochStrategyAuto},
	})
}

// ignoreRules drop what the kernel's headers inherit from the kernel's source.
func ignoreRules() []match.IgnoreRule {
	rule := func(name, upstream string, t syftpkg.Type) match.IgnoreRule {
		return match.IgnoreRule{
			Package:   match.IgnoreRulePackage{Name: name, UpstreamName: upstream, Type: string(t)},
			MatchType: match.ExactIndirectMatch,
		}
	}
	return []match.IgnoreRule{
		rule("kernel-headers", "kernel", syftpkg.RpmPkg),
		rule("linux(-.*)?-headers-.*", "linux.*", syftpkg.DebPkg),
		rule("linux-libc-dev", "linux", syftpkg.DebPkg),
		rule("linux-kbuild-.*", "linux.*", syftpkg.DebPkg),
	}
}

// decode turns a syft JSON document into Grype's packages, as the command line
// does: with the distribution set on each, and without the packages that are
// only a part of another one.
func decode(document []byte) (packages []pkg.Package, about pkg.Context, err error) {
	// The decoders are other people's code and the document is input.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read SBOM document: panic: %v: %w", p, fault.ErrInvalid)
		}
	}()
	packages, about, _, err = pkg.ProvideFromReader(bytes.NewReader(document), pkg.ProviderConfig{
		SynthesisConfig: pkg.SynthesisConfig{Distro: pkg.DistroConfig{FixChannels: distro.DefaultFixChannels()}},
	})
	if err != nil {
		return nil, pkg.Context{}, fmt.Errorf("read SBOM document: %w: %w", err, fault.ErrInvalid)
	}
	return packages, about, nil
}

// run finds the matches of packages with Grype's own matcher.
func run(ctx context.Context, p vulnerability.Provider, matchers []match.Matcher, packages []pkg.Package) ([]match.Match, error) {
	m := grype.VulnerabilityMatcher{
		VulnerabilityProvider: p,
		Matchers:              matchers,
		IgnoreRules:           ignoreRules(),
	}
	found, _, err := m.FindMatchesContext(ctx, packages, pkg.Context{})
	if err != nil {
		return nil, err
	}
	return found.Sorted(), nil
}
