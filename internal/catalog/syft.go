package catalog

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/anchore/stereoscope/pkg/image"
	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/cataloging"
	"github.com/anchore/syft/syft/cataloging/filecataloging"
	"github.com/anchore/syft/syft/file"
	"github.com/anchore/syft/syft/format"
	"github.com/anchore/syft/syft/format/syftjson"
	"github.com/anchore/syft/syft/source/stereoscopesource"
	_ "github.com/glebarez/go-sqlite" // syft reads RPM databases through database/sql and leaves the driver to the program.

	"github.com/eksposure/eksposure/internal/vuln"
)

// document is an SBOM with what is read from it here.
type document struct {
	bytes    []byte
	os       vuln.OS
	packages int
}

// licenceScanner gives the values of a context that holds syft's licence scanner.
// Building it takes a second, more than most images, and it depends on nothing and
// never changes, so that the whole process shares one.
var licenceScanner = sync.OnceValues(func() (func(key any) any, error) {
	ctx, err := syft.SetContextLicenseScanner(context.Background(), cataloging.DefaultLicenseConfig()) //nolint:forbidigo // only carries the scanner; see sharedValues.
	if err != nil {
		return nil, fmt.Errorf("build the licence scanner: %w", err)
	}
	return ctx.Value, nil
})

// makeSBOM runs every package cataloguer that syft has for images, no
// digests or metadata of single files, which are most of syft's work and which
// matching does not need.
func makeSBOM(ctx context.Context, im *image.Image, reference string) (*document, error) {
	shared, err := licenceScanner()
	if err != nil {
		return nil, err
	}
	src := stereoscopesource.New(im, stereoscopesource.ImageConfig{Reference: reference})
	defer src.Close()
	config := syft.DefaultCreateSBOMConfig().
		WithTool("syft", version()).
		WithFilesConfig(filecataloging.DefaultConfig().WithSelection(file.NoFilesSelection))
	// The functions that a Go binary holds tell whether it uses what a Go advisory
	// is about; without them a server would match every advisory of a module it links.
	config.Packages.Golang = config.Packages.Golang.WithCaptureSymbols(cataloging.SymbolScopeAll)
	made, err := syft.CreateSBOM(sharedValues{Context: ctx, shared: shared}, src, config) //nolint:contextcheck // it is ctx with one value more.
	if err != nil {
		return nil, fmt.Errorf("syft: %w", err)
	}
	if err := ctx.Err(); err != nil {
		// Cataloguers that were cut short leave an SBOM that only looks whole.
		return nil, err
	}
	encoder, err := syftjson.NewFormatEncoderWithConfig(syftjson.DefaultEncoderConfig())
	if err != nil {
		return nil, fmt.Errorf("syft: %w", err)
	}
	encoded, err := format.Encode(*made, encoder)
	if err != nil {
		return nil, fmt.Errorf("encode the SBOM: %w", err)
	}
	out := &document{bytes: encoded, packages: made.Artifacts.Packages.PackageCount()}
	if d := made.Artifacts.LinuxDistribution; d != nil {
		out.os = vuln.OS{ID: d.ID, Version: d.VersionID, Name: d.PrettyName}
	}
	return out, nil
}

// sharedValues lends the values of another context, which is where syft looks
// for its licence scanner.
type sharedValues struct {
	context.Context //nolint:containedctx // it is a context.

	shared func(any) any
}

// Value implements context.Context.
func (s sharedValues) Value(key any) any {
	if v := s.Context.Value(key); v != nil {
		return v
	}
	return s.shared(key)
}

func tool() string { return "syft " + version() }

// syftVersion is for programs without module information, as those that
// `go test` builds of this package alone; a test keeps it in step with go.mod.
const syftVersion = "1.57.0"

// version is that of the syft library in this program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return syftVersion
	}
	for _, d := range info.Deps {
		if d.Path != "github.com/anchore/syft" {
			continue
		}
		if d.Replace != nil {
			d = d.Replace
		}
		return strings.TrimPrefix(d.Version, "v")
	}
	return syftVersion
}
