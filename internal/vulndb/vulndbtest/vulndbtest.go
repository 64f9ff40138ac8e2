// Package vulndbtest gives tests and benchmarks of matching their input: the
// SBOMs of the simulated estate's images, made by syft from a real registry, and
// the path of the sample database.
//
// It serves the registry on the loopback interface and reads nothing from
// elsewhere. The program itself never imports it.
package vulndbtest

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/anchore/stereoscope/pkg/image"
	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/cataloging"
	"github.com/anchore/syft/syft/format/syftjson"

	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Sample is the path of the sample database archive.
func Sample() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "test", "data", "vulndb", "grype-db-v6-sample.tar.zst")
}

// Image is a named SBOM.
type Image struct {
	Name string
	SBOM vuln.SBOM
}

// Images catalogues the healthy images of the estate, all or those named.
func Images(ctx context.Context, names ...string) ([]Image, error) {
	registry, err := images.New()
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(registry.Handler())
	defer server.Close()
	// One licence scanner for all: making one costs more than an image.
	ctx, err = syft.SetContextLicenseScanner(ctx, cataloging.DefaultLicenseConfig())
	if err != nil {
		return nil, err
	}
	var out []Image
	for _, p := range registry.Images() {
		if p.Broken || len(names) > 0 && !slices.Contains(names, p.Name) {
			continue
		}
		document, err := catalog(ctx, strings.TrimPrefix(server.URL, "http://")+"/"+p.Repository+"@"+p.Digest)
		if err != nil {
			return nil, fmt.Errorf("catalog %q: %w", p.Name, err)
		}
		out = append(out, Image{Name: p.Name, SBOM: vuln.SBOM{ImageDigest: p.Digest, Format: "syft-json", Document: document}})
	}
	return out, nil
}

func catalog(ctx context.Context, reference string) ([]byte, error) {
	platform, err := image.NewPlatform("linux/amd64")
	if err != nil {
		return nil, err
	}
	src, err := syft.GetSource(ctx, reference, syft.DefaultGetSourceConfig().WithSources("registry").
		WithRegistryOptions(&image.RegistryOptions{InsecureUseHTTP: true}).WithPlatform(platform))
	if err != nil {
		return nil, err
	}
	defer src.Close()
	// What the grype command line asks of syft (cmd/grype/cli/commands/root.go).
	cfg := syft.DefaultCreateSBOMConfig()
	cfg.Packages.Golang = cfg.Packages.Golang.WithCaptureSymbols(cataloging.SymbolScopeAll)
	s, err := syft.CreateSBOM(ctx, src, cfg)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := syftjson.NewFormatEncoder().Encode(&b, *s); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
