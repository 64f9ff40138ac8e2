package native

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/inventory"
)

// VulnerabilityList is a page of vulnerabilities, and how many there are.
type VulnerabilityList struct {
	Items      []inventory.VulnerabilityRecord `json:"items" doc:"The items of this page."`
	NextCursor string                          `json:"next_cursor,omitempty" doc:"Asks for the next page; left out on the last one."`
	Total      int                             `json:"total" doc:"Vulnerabilities that the filters select, on all pages."`
}

func (s *service) vulnerabilityOperations() []operation {
	truth := []string{"true", "false"}
	return []operation{
		{
			name: "ListVulnerabilities", method: http.MethodGet, path: "/vulnerabilities", action: access.Read, group: "images",
			summary:     "List the vulnerabilities of the images that run somewhere, those that reach furthest first.",
			description: "Reach is the number of clusters that name an image that has it, then of running pods, then of images. ListVulnerableImages tells where one is.",
			params: paging(
				param{name: "sort", doc: "What comes first: the furthest reach (when left out), the worst severity, or the greatest probability of exploitation.", words: []string{
					string(inventory.ByReach), string(inventory.BySeverity), string(inventory.ByEPSS),
				}},
				param{name: "id", doc: "Only vulnerabilities with this in their ID, or in the name of a package that has it; letter case does not count."},
				param{name: "severity", doc: "Only vulnerabilities of this severity.", repeated: true, words: []string{"critical", "high", "medium", "low", "negligible", "unknown"}},
				param{name: "kev", doc: "true: only those that are known to be exploited.", words: truth},
				param{name: "fixable", doc: "true: only those that a newer version of a package mends; false: only the others.", words: truth},
				param{name: "running", doc: "true: only those that a running pod has.", words: truth},
			),
			answer: VulnerabilityList{}, handle: s.vulnerabilities,
		},
		{
			name: "ListVulnerableImages", method: http.MethodGet, path: "/vulnerabilities/{id}/images", action: access.Read, group: "images",
			summary:     "List where a vulnerability runs.",
			description: "By its ID or one of its aliases: the images that have it, with the package and the version that mends it, and the clusters that run them.",
			params: append([]param{{name: "id", inPath: true, doc: "CVE, GHSA or other ID of the vulnerability.", shape: vulnerabilityShape}},
				paging()...),
			answer: page[inventory.VulnerableImage]{}, handle: s.vulnerableImages,
		},
	}
}

func (s *service) vulnerabilities(ctx context.Context, q *request) (any, error) {
	order := inventory.VulnerabilityOrder(q.text("sort"))
	if order == "" {
		order = inventory.ByReach
	}
	var after inventory.VulnerabilityRecord
	if err := q.cursor(&after); err != nil {
		return nil, err
	}
	reach, err := s.cfg.Images.Vulnerabilities(ctx, q.caller.Scope)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(reach.Records(order), func(v inventory.VulnerabilityRecord) bool { return !selects(q, v) })
	total := len(list)
	if after.ID != "" {
		list = slices.DeleteFunc(list, func(v inventory.VulnerabilityRecord) bool { return order.Compare(v, after) <= 0 })
	}
	p := cut(list[:min(len(list), q.limit()+1)], q.limit(), position)
	return VulnerabilityList{Items: p.Items, NextCursor: p.NextCursor, Total: total}, nil
}

// position is what a vulnerability is ordered by.
func position(v inventory.VulnerabilityRecord) any {
	at := inventory.VulnerabilityRecord{ID: v.ID, Severity: v.Severity, EPSS: v.EPSS, Images: v.Images, Clusters: v.Clusters, Running: v.Running}
	at.CVSS.Score = v.CVSS.Score
	return at
}

// selects reports whether the request's filters select a vulnerability.
func selects(q *request, v inventory.VulnerabilityRecord) bool {
	holds := func(name string, is bool) bool {
		wanted := q.text(name)
		return wanted == "" || is == (wanted == "true")
	}
	if list := q.texts("severity"); len(list) > 0 && !slices.Contains(list, strings.ToLower(v.Severity)) {
		return false
	}
	if part := strings.ToLower(q.text("id")); part != "" && !strings.Contains(strings.ToLower(v.ID), part) &&
		!slices.ContainsFunc(v.Packages, func(name string) bool { return strings.Contains(strings.ToLower(name), part) }) {
		return false
	}
	return holds("kev", v.KEV) && holds("fixable", v.Fixable) && holds("running", v.Running > 0)
}

func (s *service) vulnerableImages(ctx context.Context, q *request) (any, error) {
	var after string
	if err := q.cursor(&after); err != nil {
		return nil, err
	}
	images, err := s.cfg.Images.VulnerableImages(ctx, q.caller.Scope, q.text("id"), after, q.limit()+1)
	if err != nil {
		return nil, err
	}
	return cut(images, q.limit(), func(v inventory.VulnerableImage) any { return v.Digest }), nil
}
