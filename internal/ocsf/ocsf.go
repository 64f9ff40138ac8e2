// Package ocsf turns an exposure finding into an OCSF Detection Finding (class
// 2004) as AWS Security Hub's exposure findings are built, so that what reads
// those reads these.
//
// It is a pure function: the same finding and options give the same bytes. Names,
// numbers and paths follow the Security Hub User Guide ("Exposure findings in
// OCSF") and the OCSF schema. Two things differ on purpose: the product is named
// truthfully as eksposure, and what OCSF has no field for is under
// unmapped.eksposure instead of being left out.
package ocsf

import (
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
)

// DefaultVersion is the OCSF version that Security Hub writes since September 2026.
const DefaultVersion = "1.9.0"

// The class of every document.
const (
	categoryUID  = 2
	categoryName = "Findings"
	classUID     = 2004
	className    = "Detection Finding"
)

// FeatureUID is what AWS's documented filter for exposure findings asks for.
const FeatureUID = "security-hub/Exposure"

const (
	productName = "eksposure"
	provider    = "AWS"
	// awsAccount is OCSF's account.type_id for an AWS account.
	awsAccount = 10
	// resourceUID is OCSF's observable type_id for "Resource UID".
	resourceUID = 10
	// ruleAnalytic is OCSF's analytic type_id for "Rule"; the version is that of
	// Security Hub's own exposure analytic.
	ruleAnalytic    = 1
	analyticVersion = "0.0.1"
)

// Options are what a document tells beyond the finding.
type Options struct {
	// Version is the OCSF version to state; empty means DefaultVersion.
	Version string
	// ProductVersion is that of the program.
	ProductVersion string
	// ProcessedAt is when the document is written; zero leaves it out.
	ProcessedAt time.Time
	// Pages are the traits' pages, for titles and references; may be nil.
	Pages map[string]exposure.Page
}

// ProductUID names the product in a region, in the form that Security Hub gives
// product names: arn:PARTITION:securityhub:REGION::productv2/COMPANY/PRODUCT.
func ProductUID(partition, region string) string {
	return "arn:" + partition + ":securityhub:" + region + "::productv2/eksposure/exposure"
}

// Finding writes a finding as an OCSF document.
func Finding(f *exposure.Finding, o Options) Document {
	ref := f.Cluster.Ref
	d := Document{
		CategoryName: categoryName, CategoryUID: categoryUID, ClassName: className, ClassUID: classUID,
		Cloud:                Cloud{Account: account(f, ref.Account), CloudPartition: ref.Partition, Provider: provider, Region: ref.Region},
		FindingInfo:          info(f),
		Metadata:             metadata(f, o),
		Resources:            resources(f),
		ResourceRelationship: graph(f),
		Remediation:          remediation(f, o.Pages),
		Severity:             f.ShownSeverity(),
		SeverityID:           SeverityID(f.ShownSeverity()),
		Impact:               string(f.Arithmetic.Impact),
		ImpactID:             ImpactID(f.Arithmetic.Impact),
		Likelihood:           string(f.Arithmetic.Likelihood),
		LikelihoodID:         LikelihoodID(f.Arithmetic.Likelihood),
		Status:               string(f.ShownStatus()),
		StatusID:             StatusID(f.ShownStatus()),
		Time:                 millis(f.ModifiedAt),
		TimeDT:               rfc3339(f.ModifiedAt),
		VendorAttributes:     VendorAttributes{Severity: string(f.Severity), SeverityID: SeverityID(string(f.Severity))},
		Vulnerabilities:      vulnerabilities(f),
		Unmapped: Unmapped{Eksposure: Extra{
			Arithmetic: f.Arithmetic, Cluster: f.Cluster, Traits: notNil(f.Traits), Topics: notNil(f.Topics), FixSets: notNil(f.FixSets),
			Unneeded: f.Unneeded, Gaps: notNil(f.Gaps), PathLeft: f.Path.Left, ClosedAt: rfc3339(f.ClosedAt), Reopened: f.Reopened, Override: f.Override,
		}},
	}
	if f.Override != nil {
		d.Comment = f.Override.Comment
	}
	d.ActivityName = string(f.Activity)
	d.ActivityID = ActivityID(f.Activity)
	d.TypeUID = classUID*100 + d.ActivityID
	d.TypeName = className + ": " + d.ActivityName
	return d
}

// Numbers of OCSF's enumerations that have no place in a list.
const (
	unknownID = 0
	otherID   = 99
)

// Severities lists OCSF's severity names; the place is the severity_id. "Other"
// is 99 and not among them.
func Severities() []string {
	return []string{"Unknown", "Informational", "Low", "Medium", "High", "Critical", "Fatal"}
}

// other is the name of what an enumeration has no name for.
const other = "Other"

// SeverityID gives OCSF's severity_id of a severity name.
func SeverityID(name string) int { return idOf(Severities(), name) }

// SeverityName gives the name of a severity_id, and whether there is one.
func SeverityName(id int) (string, bool) { return nameOf(Severities(), id) }

// statuses lists OCSF's status names; the place is the status_id.
func statuses() []string {
	return []string{
		string(exposure.StatusUnknown), string(exposure.StatusNew), string(exposure.StatusInProgress), string(exposure.StatusSuppressed),
		string(exposure.StatusResolved), string(exposure.StatusArchived),
	}
}

// StatusID gives OCSF's status_id.
func StatusID(s exposure.Status) int { return idOf(statuses(), string(s)) }

// StatusName gives the status of a status_id, and whether there is one.
func StatusName(id int) (exposure.Status, bool) {
	name, ok := nameOf(statuses(), id)
	return exposure.Status(name), ok
}

func idOf(names []string, name string) int {
	if name == other {
		return otherID
	}
	return max(slices.Index(names, name), unknownID)
}

func nameOf(names []string, id int) (string, bool) {
	if id == otherID {
		return other, true
	}
	if id < 0 || id >= len(names) {
		return "", false
	}
	return names[id], true
}

// ActivityID gives OCSF's activity_id.
func ActivityID(a exposure.Activity) int {
	switch a {
	case exposure.Create:
		return 1
	case exposure.Update:
		return 2
	case exposure.Close:
		return 3
	}
	return 0
}

// ImpactID gives OCSF's impact_id; an impact that was not analysed is 0, Unknown.
func ImpactID(i exposure.ImpactLevel) int {
	switch i {
	case exposure.ImpactLow:
		return 1
	case exposure.ImpactMedium:
		return 2
	case exposure.ImpactHigh:
		return 3
	case exposure.ImpactUnknown:
	}
	return 0
}

// LikelihoodID gives likelihood_id: Security Hub's sample has 5 for Very High; the
// other levels go down from there.
func LikelihoodID(l exposure.Likelihood) int {
	switch l {
	case exposure.LikelihoodLow:
		return 2
	case exposure.LikelihoodModerate:
		return 3
	case exposure.LikelihoodHigh:
		return 4
	case exposure.LikelihoodVeryHigh:
		return 5
	}
	return 0
}

func account(f *exposure.Finding, uid string) Account {
	a := Account{Type: "AWS Account", TypeID: awsAccount, UID: uid}
	if uid == f.Cluster.Ref.Account {
		a.Name = f.Cluster.AccountName
	}
	return a
}

func info(f *exposure.Finding) FindingInfo {
	i := FindingInfo{
		Analytic:    Analytic{Name: "Exposure", Type: "Rule", TypeID: ruleAnalytic, UID: analyticVersion},
		CreatedTime: millis(f.CreatedAt), CreatedTimeDT: rfc3339(f.CreatedAt),
		FirstSeenTime: millis(f.FirstSeen), FirstSeenTimeDT: rfc3339(f.FirstSeen),
		LastSeenTime: millis(f.LastSeen), LastSeenTimeDT: rfc3339(f.LastSeen),
		ModifiedTime: millis(f.ModifiedAt), ModifiedTimeDT: rfc3339(f.ModifiedAt),
		Desc: f.Description, Title: f.Title, Types: notNil(f.Types), UID: f.UID,
		RelatedEvents: []RelatedEvent{}, RelatedEventsCount: len(f.Signals), Tags: []KeyValues{},
	}
	product := ProductRef{Name: productName, UID: ProductUID(f.Cluster.Ref.Partition, f.Cluster.Ref.Region), VendorName: productName}
	for _, s := range f.Signals {
		e := RelatedEvent{
			Observables: []Observable{{Name: "resources[].uid", Type: "Resource UID", TypeID: resourceUID, Value: s.Resource.UID}},
			Product:     product, Title: s.Title, Type: string(s.Kind), UID: s.UID, Tags: []KeyValues{}, Traits: []Trait{},
		}
		for _, t := range s.Traits {
			e.Traits = append(e.Traits, Trait{Category: string(t.Type), Name: t.Title, Type: traitType(t.Standing), UID: t.ID})
			e.Tags = tag(e.Tags, string(t.Type), t.Title)
			i.Tags = tag(i.Tags, string(t.Type), t.Title)
		}
		i.RelatedEvents = append(i.RelatedEvents, e)
	}
	return i
}

func traitType(s exposure.Standing) string {
	if s == exposure.Contributing {
		return "Contributing Trait"
	}
	return "Contextual Trait"
}

// tag adds a value to the tag of that name.
func tag(tags []KeyValues, name, value string) []KeyValues {
	i := slices.IndexFunc(tags, func(t KeyValues) bool { return t.Name == name })
	if i < 0 {
		return append(tags, KeyValues{Name: name, Values: []string{value}})
	}
	if !slices.Contains(tags[i].Values, value) {
		tags[i].Values = append(tags[i].Values, value)
	}
	return tags
}

func metadata(f *exposure.Finding, o Options) Metadata {
	version := o.Version
	if version == "" {
		version = DefaultVersion
	}
	return Metadata{
		Extensions:    []Extension{{Name: "aws", UID: "998", Version: "1.0.0"}},
		ProcessedTime: millis(o.ProcessedAt), ProcessedTimeDT: rfc3339(o.ProcessedAt),
		Product: Product{
			Feature: Feature{Name: "Exposure", UID: FeatureUID}, Name: productName,
			UID:        ProductUID(f.Cluster.Ref.Partition, f.Cluster.Ref.Region),
			VendorName: productName, Version: o.ProductVersion,
		},
		Profiles: []string{"cloud", "datetime", "aws/cloud_resources"},
		UID:      f.ID, Version: version,
	}
}

func graph(f *exposure.Finding) Graph {
	g := Graph{IsDirected: true, Nodes: []Node{}, Edges: []Edge{}}
	types := map[string]string{}
	for _, n := range f.Path.Nodes {
		types[n.ID] = n.Type
		node := Node{Name: n.ID, Type: n.Type, UID: n.UID, Desc: n.Name}
		switch {
		case len(n.Traits) > 0:
			node.Data = map[string]any{"traits": n.Traits}
		case n.Blast:
			node.Data = map[string]any{"blast_radius": true}
		}
		g.Nodes = append(g.Nodes, node)
	}
	for _, e := range f.Path.Edges {
		g.Edges = append(g.Edges, Edge{
			UID: "edge_" + e.From + "_" + e.To, Name: types[e.From] + "->" + types[e.To],
			Relation: e.Relation, Source: e.From, Target: e.To, IsDirected: true,
		})
	}
	return g
}

func remediation(f *exposure.Finding, pages map[string]exposure.Page) Remediation {
	r := Remediation{KBArticleList: []KBArticle{}, References: []string{}}
	var b strings.Builder
	b.WriteString("Treat the traits in the listed order.")
	if !f.Open() {
		b.Reset()
		b.WriteString("Nothing is left to do: the contributing traits are gone.")
	}
	for _, t := range f.Topics {
		left := "leaves severity " + string(t.After)
		if t.Resolves {
			left = "resolves the finding"
		}
		b.WriteString(" " + t.Title + ": " + left + ".")
		article := KBArticle{Title: t.Title, UID: t.ID}
		page, ok := pages[t.ID]
		if ok && t.ID != exposure.DeleteTopic {
			article.Title = page.Title
		}
		for i, ref := range page.References {
			if i == 0 {
				article.SrcURL = ref.URL
			}
			if !slices.Contains(r.References, ref.URL) {
				r.References = append(r.References, ref.URL)
			}
		}
		r.KBArticleList = append(r.KBArticleList, article)
	}
	if n := len(f.FixSets); n > 0 && f.Open() {
		set := f.FixSets[n-1]
		left := "leave severity " + string(set.After)
		if set.After == exposure.Resolved {
			left = "resolve the finding"
		}
		b.WriteString(" The fewest topics that " + left + ": " + strings.Join(titles(f, set.Topics), " + ") + ".")
	}
	r.Desc = b.String()
	return r
}

// titles gives the topics' titles in place of their IDs.
func titles(f *exposure.Finding, ids []string) []string {
	names := slices.Clone(ids)
	for i, id := range names {
		if t := slices.IndexFunc(f.Topics, func(t exposure.TopicState) bool { return t.ID == id }); t >= 0 {
			names[i] = f.Topics[t].Title
		}
	}
	return names
}

// millis is the time in OCSF's timestamp_t; 0 for no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// rfc3339 is the time in OCSF's datetime_t; "" for no time.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// notNil makes an absent list an empty one, which is [] in JSON.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
