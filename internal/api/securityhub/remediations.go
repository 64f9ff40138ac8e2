package securityhub

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/search"
)

// Limits of the remediation operations (API Reference).
const (
	defaultTargets = 25
	maxTargetUID   = 2048
	maxComposites  = 1
	maxFilters     = 2
	maxArticles    = 10
	maxSteps       = 50
)

// guidanceFormats are the values of GuidanceFormat, All first.
func guidanceFormats() []string {
	return []string{"All", "AwsCli", "Cli", "Python", "Terraform", "Cdk", "CloudFormation", "IaC", "Template"}
}

type remediationsRequest struct {
	TargetUID   *string `json:"TargetUid"`
	MetadataUID *string `json:"MetadataUid"`
	Filters     *struct {
		CompositeFilters []struct {
			StringFilters []struct {
				FieldName search.TargetField
				Filter    struct{ Value string }
			}
		}
	}
	ShowGuidance   bool
	GuidanceFormat string
	MaxResults     *int
	NextToken      string
}

// check reads a request's selector and page.
func (in remediationsRequest) check() (search.TargetRequest, error) {
	var r search.TargetRequest
	selectors := 0
	for _, there := range []bool{in.TargetUID != nil, in.MetadataUID != nil, in.Filters != nil && len(in.Filters.CompositeFilters) > 0} {
		if there {
			selectors++
		}
	}
	if selectors > 1 {
		return r, invalid("TargetUid, MetadataUid and Filters", "want one of them at most")
	}
	for member, v := range map[string]*string{"TargetUid": in.TargetUID, "MetadataUid": in.MetadataUID} {
		if v != nil && (strings.TrimSpace(*v) == "" || len(*v) > maxTargetUID) {
			return r, invalid(member, "want 1 to %d characters", maxTargetUID)
		}
	}
	if in.GuidanceFormat != "" {
		if !slices.Contains(guidanceFormats(), in.GuidanceFormat) {
			return r, invalid("GuidanceFormat", "%q: want one of %s", in.GuidanceFormat, strings.Join(guidanceFormats(), ", "))
		}
		if !in.ShowGuidance {
			return r, invalid("GuidanceFormat", "needs ShowGuidance")
		}
	}
	r.Target, r.Finding, r.Token = deref(in.TargetUID), deref(in.MetadataUID), in.NextToken
	var err error
	if r.Limit, err = limit("MaxResults", in.MaxResults, maxList, defaultTargets); err != nil {
		return r, err
	}
	r.Filters, err = in.filters()
	return r, err
}

func (in remediationsRequest) filters() ([]search.TargetFilter, error) {
	if in.Filters == nil {
		return nil, nil
	}
	if n := len(in.Filters.CompositeFilters); n > maxComposites {
		return nil, invalid("Filters.CompositeFilters", "%d entries, want at most %d", n, maxComposites)
	}
	var list []search.TargetFilter
	for _, c := range in.Filters.CompositeFilters {
		if n := len(c.StringFilters); n > maxFilters {
			return nil, invalid("Filters.CompositeFilters[0].StringFilters", "%d entries, want at most %d", n, maxFilters)
		}
		for i, f := range c.StringFilters {
			at := fmt.Sprintf("Filters.CompositeFilters[0].StringFilters[%d].", i)
			switch f.FieldName {
			case search.TargetResourceType, search.TargetPriority, search.TargetStatusField, search.TargetResourceID, search.TargetOwner, search.TargetCloudProvider:
			default:
				return nil, invalid(at+"FieldName", "%q is no field of remediations", f.FieldName)
			}
			if err := filled(at+"Filter.Value", f.Filter.Value); err != nil {
				return nil, err
			}
			list = append(list, search.TargetFilter{Field: f.FieldName, Value: f.Filter.Value})
		}
	}
	return list, nil
}

type remediationsAnswer struct {
	Items     []remediationItem `json:"Items"`
	NextToken string            `json:"NextToken,omitempty"`
}

type remediationItem struct {
	TargetUID          string              `json:"TargetUid"`
	Status             search.TargetStatus `json:"Status"`
	Priority           exposure.Severity   `json:"Priority"`
	Trait              remediationTrait    `json:"Trait"`
	Resource           remediationResource `json:"Resource"`
	Outcome            remediationOutcome  `json:"Outcome"`
	RemediationSummary remediationSummary  `json:"RemediationSummary"`
	Guidance           *guidanceDocument   `json:"Guidance,omitempty"`
	UpdatedAt          timestamp           `json:"UpdatedAt"`
}

type remediationTrait struct {
	Type  exposure.Type `json:"Type"`
	Title string        `json:"Title"`
}

type remediationResource struct {
	AccountID              string `json:"AccountId"`
	Region                 string `json:"Region"`
	ResourceOwnerAccountID string `json:"ResourceOwnerAccountId"`
	Type                   string `json:"Type"`
	Name                   string `json:"Name,omitempty"`
	ID                     string `json:"Id"`
	ResourceRegion         string `json:"ResourceRegion"`
	CloudProvider          string `json:"CloudProvider"`
}

type remediationOutcome struct {
	ResolvedFindingsCount          int `json:"ResolvedFindingsCount"`
	SeverityReductionFindingsCount int `json:"SeverityReductionFindingsCount"`
	SeverityUnchangedCount         int `json:"SeverityUnchangedCount"`
}

type remediationSummary struct {
	Action               string      `json:"Action"`
	Description          string      `json:"Description,omitempty"`
	IsImmediate          bool        `json:"IsImmediate"`
	PostRemediationSteps []string    `json:"PostRemediationSteps"`
	KbArticles           []kbArticle `json:"KbArticles"`
}

type kbArticle struct {
	Title string `json:"Title"`
	URL   string `json:"Url"`
}

func (s *routes) getRemediations(c *call) (any, error) {
	var in remediationsRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	r, err := in.check()
	if err != nil {
		return nil, err
	}
	page, err := s.hub.Remediations(c.Context(), c.caller.Principal, r)
	if err != nil {
		return nil, err
	}
	var runs []remediation.Run
	if in.ShowGuidance {
		if runs, err = s.runs(c.Context(), page.Items); err != nil {
			return nil, err
		}
	}
	out := remediationsAnswer{Items: []remediationItem{}, NextToken: page.Next}
	for _, t := range page.Items {
		describe := s.hub.Brief
		if in.ShowGuidance {
			describe = s.hub.Guide
		}
		g, err := describe(c.Context(), t)
		if err != nil {
			return nil, err
		}
		item := remediationOf(t, g)
		if in.ShowGuidance && g != nil {
			item.Guidance = guidanceOf(t, g, s.appliedTo(t, g, runs), in.GuidanceFormat)
			item.Guidance.Version, item.Guidance.Metadata.GeneratedAt = cmp.Or(s.hub.Version(), "unknown"), timestamp(s.hub.Now())
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

func remediationOf(t search.TargetTotal, g *hub.Guidance) remediationItem {
	item := remediationItem{
		TargetUID: t.ID, Status: t.Status, Priority: t.Priority, Trait: traitOf(t), Resource: resourceOf(t),
		Outcome:            remediationOutcome{t.Resolves, t.Reduces, t.Leaves},
		RemediationSummary: remediationSummary{Action: t.Title, PostRemediationSteps: []string{}, KbArticles: []kbArticle{}},
		UpdatedAt:          timestamp(t.UpdatedAt),
	}
	if g == nil {
		return item
	}
	sum := &item.RemediationSummary
	sum.IsImmediate = remedyOf(g).Immediate
	sum.Description = g.Meaning
	if g.Option != nil {
		sum.Action = g.Option.Title
	}
	ref := t.Cluster.String()
	sum.PostRemediationSteps = append(sum.PostRemediationSteps, "Scan the cluster again, so that the finding shows what is left: eksposure scan --cluster "+ref)
	for _, r := range g.References {
		if len(sum.KbArticles) < maxArticles {
			sum.KbArticles = append(sum.KbArticles, kbArticle{r.Title, r.URL})
		}
	}
	return item
}

func traitOf(t search.TargetTotal) remediationTrait { return remediationTrait{t.Type, t.Title} }

func resourceOf(t search.TargetTotal) remediationResource {
	return remediationResource{
		AccountID: t.Account, Region: t.Region, ResourceOwnerAccountID: t.Account, Type: t.Resource.Type, Name: t.Resource.Name,
		ID: t.Resource.UID, ResourceRegion: t.Region, CloudProvider: "AWS",
	}
}

type exposuresRequest struct {
	TargetUID  string `json:"TargetUid"`
	MaxResults *int
	NextToken  string
}

type exposuresAnswer struct {
	TargetUID  string              `json:"TargetUid"`
	Resource   remediationResource `json:"Resource"`
	Trait      remediationTrait    `json:"Trait"`
	TotalCount int                 `json:"TotalCount"`
	Items      []exposed           `json:"Items"`
	NextToken  string              `json:"NextToken,omitempty"`
}

type exposed struct {
	MetadataUID       string          `json:"MetadataUid"`
	Title             string          `json:"Title"`
	PreviousSeverity  string          `json:"PreviousSeverity"`
	ProjectedSeverity string          `json:"ProjectedSeverity"`
	Impact            exposure.Effect `json:"Impact"`
}

// informational is what a resolved exposure is projected to: the API has no word
// for none, and exposures of this severity are never published.
const informational = "Informational"

func (s *routes) listExposures(c *call) (any, error) {
	var in exposuresRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if strings.TrimSpace(in.TargetUID) == "" || len(in.TargetUID) > maxTargetUID {
		return nil, invalid("TargetUid", "want 1 to %d characters", maxTargetUID)
	}
	size, err := limit("MaxResults", in.MaxResults, maxList, defaultTargets)
	if err != nil {
		return nil, err
	}
	t, page, err := s.hub.Exposures(c.Context(), c.caller.Principal, search.ExposedRequest{Target: in.TargetUID, Limit: size, Token: in.NextToken})
	if err != nil {
		return nil, err
	}
	out := exposuresAnswer{
		TargetUID: t.ID, Resource: resourceOf(t), Trait: traitOf(t), TotalCount: t.Exposures(), Items: []exposed{}, NextToken: page.Next,
	}
	for _, e := range page.Items {
		after := string(e.After)
		if e.After == exposure.Resolved {
			after = informational
		}
		out.Items = append(out.Items, exposed{e.Finding, e.Title, string(e.Before), after, e.Effect})
	}
	return out, nil
}

// scopeOf says how much a target is about.
func scopeOf(t search.TargetTotal) string {
	if t.Resource.Type == inventory.TypeImage {
		return fmt.Sprintf("image %s in %d clusters", t.Resource.UID, t.Exposures())
	}
	return "cluster " + t.Resource.UID
}
