package vulndbtest

import (
	"bytes"
	"context"

	"github.com/anchore/clio"
	"github.com/anchore/grype/grype/distro"
	"github.com/anchore/grype/grype/match"
	"github.com/anchore/grype/grype/pkg"
	"github.com/anchore/grype/grype/presenter/cyclonedx"
	grypejson "github.com/anchore/grype/grype/presenter/json"
	"github.com/anchore/grype/grype/presenter/models"
	"github.com/anchore/syft/syft/format/cyclonedxjson"
	"github.com/anchore/syft/syft/format/syftjson"
)

// Reports are what Grype and syft write about one image.
type Reports struct {
	// Grype is `grype -o json`, CycloneDX is `grype -o cyclonedx-json`, and SBOM is
	// `syft -o cyclonedx-json`.
	Grype, CycloneDX, SBOM []byte
}

// Reports matches one syft document and writes the answer as the tools do, with
// their own code.
func (p *Plain) Reports(ctx context.Context, document []byte) (Reports, error) {
	matches, err := p.Match(ctx, document)
	if err != nil {
		return Reports{}, err
	}
	packages, about, sbom, err := pkg.ProvideFromReader(bytes.NewReader(document), pkg.ProviderConfig{
		SynthesisConfig: pkg.SynthesisConfig{Distro: pkg.DistroConfig{FixChannels: distro.DefaultFixChannels()}},
	})
	if err != nil {
		return Reports{}, err
	}
	all := match.NewMatches(matches...)
	id := clio.Identification{Name: "grype", Version: "0.121.2"}
	doc, err := models.NewDocument(id, packages, about, all, nil, p.provider, nil, nil, models.SortByPackage, false, nil)
	if err != nil {
		return Reports{}, err
	}
	cfg := models.PresenterConfig{ID: id, Document: doc, SBOM: sbom, Pretty: true}
	var grype, cyclone, plain bytes.Buffer
	if err := grypejson.NewPresenter(cfg).Present(&grype); err != nil {
		return Reports{}, err
	}
	if err := cyclonedx.NewJSONPresenter(cfg).Present(&cyclone); err != nil {
		return Reports{}, err
	}
	read, _, _, err := syftjson.NewFormatDecoder().Decode(bytes.NewReader(document))
	if err != nil {
		return Reports{}, err
	}
	encoder, err := cyclonedxjson.NewFormatEncoderWithConfig(cyclonedxjson.DefaultEncoderConfig())
	if err != nil {
		return Reports{}, err
	}
	if err := encoder.Encode(&plain, *read); err != nil {
		return Reports{}, err
	}
	return Reports{Grype: grype.Bytes(), CycloneDX: cyclone.Bytes(), SBOM: plain.Bytes()}, nil
}
