package native

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// The shapes of path parameters.
const (
	digestShape        = `^sha256:[0-9a-f]{64}$`
	vulnerabilityShape = `^[A-Za-z]{2,12}-[0-9A-Za-z._:-]{1,60}$`
)

// ImageList is a page of images, and how many there are.
type ImageList struct {
	Items      []inventory.ImageRecord `json:"items" doc:"The items of this page."`
	NextCursor string                  `json:"next_cursor,omitempty" doc:"Asks for the next page; left out on the last one."`
	Total      int                     `json:"total" doc:"Images that the filters select, on all pages."`
}

func ofImage(more ...param) []param {
	return append([]param{{name: "digest", inPath: true, doc: "Digest of the image, as the container runtime reports it.", shape: digestShape}}, more...)
}

func (s *service) imageOperations() []operation {
	return []operation{
		{
			name: "ListImages", method: http.MethodGet, path: "/images", action: access.Read, group: "images",
			summary: "List the images that run somewhere, by digest, with their vulnerabilities in numbers.",
			params: sorted(inventory.ImageOrders(),
				"digest (when left out), repository, operating system, when the image was built, critical, high or known exploited vulnerabilities, clusters that name it, or running pods",
				param{name: "q", doc: "Only images with each of these words in their repository, digest or operating system; letter case does not count."},
				param{name: "repository", doc: "Only repositories with this in their name."},
				param{name: "unread", doc: "true: only images whose content is not known.", words: []string{"true", "false"}},
				param{name: "running", doc: "true: only images that a pod runs.", words: []string{"true", "false"}},
			),
			answer: ImageList{}, handle: s.listImages,
		},
		{
			name: "GetImage", method: http.MethodGet, path: "/images/{digest}", action: access.Read, group: "images",
			summary: "Get one image.", params: ofImage(), answer: inventory.ImageRecord{},
			handle: func(ctx context.Context, q *request) (any, error) {
				return s.cfg.Images.ImageRecord(ctx, q.caller.Scope, q.text("digest"))
			},
		},
		{
			name: "ListImageUses", method: http.MethodGet, path: "/images/{digest}/uses", action: access.Read, group: "images",
			summary: "List the clusters and workloads that run an image.", params: ofImage(paging()...), answer: page[inventory.ImageUse]{}, handle: s.imageUses,
		},
	}
}

func (s *service) listImages(ctx context.Context, q *request) (any, error) {
	query := inventory.ImageQuery{
		Repository: q.text("repository"), Words: q.words(), Unread: q.text("unread") == "true", Running: q.text("running") == "true", Limit: q.limit(), Total: true,
	}
	order, descending := q.order()
	query.Order, query.Descending = inventory.ImageOrder(order), descending
	var err error
	if query.After, err = place[inventory.ImagePosition](q); err != nil {
		return nil, err
	}
	page, err := s.cfg.Images.ImageRecords(ctx, q.caller.Scope, query)
	if err != nil {
		return nil, err
	}
	return ImageList{Items: append([]inventory.ImageRecord{}, page.Records...), NextCursor: after(q, page.Next), Total: page.Total}, nil
}

func (s *service) imageUses(ctx context.Context, q *request) (any, error) {
	var after inventory.ClusterRef
	if err := q.cursor(&after); err != nil {
		return nil, err
	}
	uses, err := s.cfg.Images.ImageUses(ctx, q.caller.Scope, q.text("digest"), after, q.limit()+1)
	if err != nil {
		return nil, err
	}
	if len(uses) == 0 && q.text("cursor") == "" {
		return nil, fmt.Errorf("no scan met an image with digest %s: %w", q.text("digest"), fault.ErrNotFound)
	}
	return cut(uses, q.limit(), func(u inventory.ImageUse) any { return u.Cluster }), nil
}

func (s *service) reportOperations() []operation {
	source := param{name: "source", inPath: true, doc: "Kind of report.", words: []string{"grype", "trivy", "cyclonedx"}}
	return []operation{
		{
			name: "IngestImageReport", method: http.MethodPost, path: "/images/{digest}/reports", action: access.Operate, group: "images",
			summary: "Bring in another scanner's report about an image that eksposure cannot pull.",
			description: "The body is Grype JSON, Trivy JSON, or CycloneDX JSON with vulnerabilities or as a bill of materials alone. It takes the place of the earlier report of its kind, " +
				"and is used by the next scan that cannot read the image; an image that can be read uses eksposure's own answer. At most 64 MiB.",
			params: ofImage(param{name: "format", doc: "Format of the report; the report itself tells when left out.", words: []string{"grype", "trivy", "cyclonedx"}}),
			body:   rawBody{}, maxBody: ingest.MaxReport, status: http.StatusCreated, answer: ImageReport{}, handle: s.ingestReport,
		},
		{
			name: "ListImageReports", method: http.MethodGet, path: "/images/{digest}/reports", action: access.Read, group: "images",
			summary: "List the reports that were brought in for an image, newest first.", params: ofImage(), answer: ImageReports{}, handle: s.imageReports,
		},
		{
			name: "DeleteImageReport", method: http.MethodDelete, path: "/images/{digest}/reports/{source}", action: access.Operate, group: "images",
			summary: "Forget a report.", params: ofImage(source), handle: s.deleteReport,
		},
	}
}

// ImageReport is a report that was brought in, without its matches.
type ImageReport struct {
	Digest     string    `json:"digest" doc:"Image that it is about."`
	Source     string    `json:"source" doc:"Kind of report: grype, trivy, cyclonedx."`
	Tool       string    `json:"tool,omitempty" doc:"Program that made it, with its version."`
	MadeAt     time.Time `json:"made_at,omitzero" doc:"When it was made, by its own word."`
	IngestedAt time.Time `json:"ingested_at" doc:"When it was brought in."`
	By         string    `json:"by" doc:"Who brought it in."`
	OS         string    `json:"os,omitempty" doc:"Operating system that it names."`
	Matches    int       `json:"matches" doc:"Vulnerabilities that it lists, per package."`
	Packages   int       `json:"packages" doc:"Packages that it lists; 0 when it lists only vulnerable ones."`
	SBOM       bool      `json:"sbom" doc:"Whether it is a bill of materials alone, which eksposure matches itself."`
}

// ImageReports are the reports of one image.
type ImageReports struct {
	Items []ImageReport `json:"items" doc:"The reports, newest facts first."`
}

func reportOf(r vuln.Ingested) ImageReport {
	return ImageReport{
		Digest: r.ImageDigest, Source: r.Source, Tool: r.Tool, MadeAt: r.MadeAt, IngestedAt: r.IngestedAt, By: r.By,
		OS: r.OS.String(), Matches: len(r.Matches), Packages: r.Packages, SBOM: r.SBOM != nil,
	}
}

// mayReport reports whether the caller may speak for an image: a report changes what
// is found on every cluster that runs the image, so that who is confined to some
// clusters may bring in reports only about images that run nowhere else.
func (s *service) mayReport(ctx context.Context, q *request) error {
	if q.caller.Scope.Everything() {
		return nil
	}
	everywhere, err := s.cfg.Images.ImageRecord(ctx, access.Scope{}, q.text("digest"))
	if err != nil {
		return err
	}
	here, err := s.cfg.Images.ImageRecord(ctx, q.caller.Scope, q.text("digest"))
	if err != nil {
		return err
	}
	if here.Clusters < everywhere.Clusters {
		return fmt.Errorf("image %s also runs on clusters outside of your scope: %w", q.text("digest"), fault.ErrDenied)
	}
	return nil
}

func (s *service) ingestReport(ctx context.Context, q *request) (any, error) {
	if err := s.mayReport(ctx, q); err != nil {
		return nil, err
	}
	format, err := ingest.ParseFormat(q.text("format"))
	if err != nil {
		return nil, err
	}
	r, err := s.cfg.Reports.Ingest(ctx, ingest.Request{Digest: q.text("digest"), Format: format, Data: q.raw, By: q.caller.ID})
	if err != nil {
		return nil, err
	}
	report := reportOf(r)
	return report, q.caller.Note(report.Digest, nil, report)
}

func (s *service) imageReports(ctx context.Context, q *request) (any, error) {
	if !q.caller.Scope.Everything() {
		if _, err := s.cfg.Images.ImageRecord(ctx, q.caller.Scope, q.text("digest")); err != nil {
			return nil, err
		}
	}
	list, err := s.cfg.Reports.Reports(ctx, q.text("digest"))
	if err != nil {
		return nil, err
	}
	out := ImageReports{Items: []ImageReport{}}
	for _, r := range list {
		out.Items = append(out.Items, reportOf(r))
	}
	return out, nil
}

func (s *service) deleteReport(ctx context.Context, q *request) (any, error) {
	if err := s.mayReport(ctx, q); err != nil {
		return nil, err
	}
	if err := q.caller.Note(q.text("digest"), q.text("source"), nil); err != nil {
		return nil, err
	}
	return nil, s.cfg.Reports.Delete(ctx, q.text("digest"), q.text("source"))
}
