package ocsf

import (
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Document is one OCSF Detection Finding (class 2004). The order of its fields is
// the order in the JSON.
type Document struct {
	ActivityID   int    `json:"activity_id"`
	ActivityName string `json:"activity_name"`
	CategoryName string `json:"category_name"`
	CategoryUID  int    `json:"category_uid"`
	ClassName    string `json:"class_name"`
	ClassUID     int    `json:"class_uid"`
	// Comment is what a person or a rule wrote.
	Comment  string `json:"comment,omitempty"`
	TypeName string `json:"type_name"`
	TypeUID  int    `json:"type_uid"`

	Cloud       Cloud       `json:"cloud"`
	FindingInfo FindingInfo `json:"finding_info"`
	Metadata    Metadata    `json:"metadata"`

	Resources            []Resource  `json:"resources"`
	ResourceRelationship Graph       `json:"resource_relationship"`
	Remediation          Remediation `json:"remediation"`

	Severity     string `json:"severity"`
	SeverityID   int    `json:"severity_id"`
	Impact       string `json:"impact"`
	ImpactID     int    `json:"impact_id"`
	Likelihood   string `json:"likelihood"`
	LikelihoodID int    `json:"likelihood_id"`
	Status       string `json:"status"`
	StatusID     int    `json:"status_id"`

	Time   int64  `json:"time"`
	TimeDT string `json:"time_dt"`

	VendorAttributes VendorAttributes `json:"vendor_attributes"`
	Vulnerabilities  []Vulnerability  `json:"vulnerabilities,omitempty"`
	Unmapped         Unmapped         `json:"unmapped"`
}

// Cloud says where the cluster is (OCSF profile "cloud").
type Cloud struct {
	Account        Account `json:"account"`
	CloudPartition string  `json:"cloud_partition"`
	Provider       string  `json:"provider"`
	Region         string  `json:"region"`
}

// Account is an AWS account.
type Account struct {
	Name   string `json:"name,omitempty"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
	UID    string `json:"uid"`
}

// FindingInfo is the finding itself.
type FindingInfo struct {
	Analytic           Analytic       `json:"analytic"`
	CreatedTime        int64          `json:"created_time"`
	CreatedTimeDT      string         `json:"created_time_dt"`
	Desc               string         `json:"desc"`
	FirstSeenTime      int64          `json:"first_seen_time"`
	FirstSeenTimeDT    string         `json:"first_seen_time_dt"`
	LastSeenTime       int64          `json:"last_seen_time,omitempty"`
	LastSeenTimeDT     string         `json:"last_seen_time_dt,omitempty"`
	ModifiedTime       int64          `json:"modified_time"`
	ModifiedTimeDT     string         `json:"modified_time_dt"`
	RelatedEvents      []RelatedEvent `json:"related_events"`
	RelatedEventsCount int            `json:"related_events_count"`
	Tags               []KeyValues    `json:"tags"`
	Title              string         `json:"title"`
	Types              []string       `json:"types"`
	UID                string         `json:"uid"`
}

// Analytic names the kind of detection.
type Analytic struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
	UID    string `json:"uid"`
}

// RelatedEvent is one signal with the traits that it carries.
type RelatedEvent struct {
	Observables []Observable `json:"observables"`
	Product     ProductRef   `json:"product"`
	Tags        []KeyValues  `json:"tags"`
	Title       string       `json:"title"`
	Traits      []Trait      `json:"traits"`
	Type        string       `json:"type"`
	UID         string       `json:"uid"`
}

// Observable names the resource that a signal is on.
type Observable struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
	Value  string `json:"value"`
}

// ProductRef names the product that a signal comes from.
type ProductRef struct {
	Name       string `json:"name"`
	UID        string `json:"uid"`
	VendorName string `json:"vendor_name"`
}

// Trait is a trait that a signal carries.
type Trait struct {
	Category string `json:"category"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	UID      string `json:"uid"`
}

// KeyValue is a name with one value.
type KeyValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// KeyValues is a name with several values.
type KeyValues struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Metadata describes the document.
type Metadata struct {
	Extensions      []Extension `json:"extensions"`
	ProcessedTime   int64       `json:"processed_time,omitempty"`
	ProcessedTimeDT string      `json:"processed_time_dt,omitempty"`
	Product         Product     `json:"product"`
	Profiles        []string    `json:"profiles"`
	UID             string      `json:"uid"`
	Version         string      `json:"version"`
}

// Extension is an OCSF extension in use.
type Extension struct {
	Name    string `json:"name"`
	UID     string `json:"uid"`
	Version string `json:"version"`
}

// Product names the program that made the finding.
type Product struct {
	Feature    Feature `json:"feature"`
	Name       string  `json:"name"`
	UID        string  `json:"uid"`
	VendorName string  `json:"vendor_name"`
	Version    string  `json:"version,omitempty"`
}

// Feature names the part of the product.
type Feature struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// Resource is one object that takes part (OCSF resource_details).
type Resource struct {
	CloudPartition string         `json:"cloud_partition"`
	CreatedTime    int64          `json:"created_time,omitempty"`
	CreatedTimeDT  string         `json:"created_time_dt,omitempty"`
	Data           map[string]any `json:"data,omitempty"`
	Image          *Image         `json:"image,omitempty"`
	Name           string         `json:"name"`
	Owner          Owner          `json:"owner"`
	Provider       string         `json:"provider"`
	Region         string         `json:"region"`
	Role           string         `json:"role"`
	RoleID         int            `json:"role_id"`
	Tags           []KeyValue     `json:"tags,omitempty"`
	Type           string         `json:"type"`
	UID            string         `json:"uid"`
	UIDAlt         string         `json:"uid_alt,omitempty"`
	Version        string         `json:"version,omitempty"`
	VPCUID         string         `json:"vpc_uid,omitempty"`
}

// Owner is the account that a resource belongs to.
type Owner struct {
	Account Account `json:"account"`
}

// Image is a container image (AWS extension).
type Image struct {
	InUseCount     int    `json:"in_use_count"`
	RegistryUID    string `json:"registry_uid,omitempty"`
	RepositoryName string `json:"repository_name,omitempty"`
	UID            string `json:"uid"`
	UIDAlt         string `json:"uid_alt"`
}

// Graph is the attack path.
type Graph struct {
	Edges      []Edge `json:"edges"`
	IsDirected bool   `json:"is_directed"`
	Nodes      []Node `json:"nodes"`
}

// Node is one step of the attack path. Edges name nodes by Name.
type Node struct {
	Data map[string]any `json:"data,omitempty"`
	Desc string         `json:"desc"`
	Name string         `json:"name"`
	Type string         `json:"type"`
	UID  string         `json:"uid"`
}

// Edge leads from one node to the next.
type Edge struct {
	IsDirected bool   `json:"is_directed"`
	Name       string `json:"name"`
	Relation   string `json:"relation"`
	Source     string `json:"source"`
	Target     string `json:"target"`
	UID        string `json:"uid"`
}

// Remediation says what to do, in recommended order.
type Remediation struct {
	Desc          string      `json:"desc"`
	KBArticleList []KBArticle `json:"kb_article_list"`
	References    []string    `json:"references"`
}

// KBArticle is one remediation topic.
type KBArticle struct {
	SrcURL string `json:"src_url,omitempty"`
	Title  string `json:"title"`
	UID    string `json:"uid"`
}

// VendorAttributes keep the severity that the arithmetic gave, whatever a person
// sets later.
type VendorAttributes struct {
	Severity   string `json:"severity"`
	SeverityID int    `json:"severity_id"`
}

// Unmapped is OCSF's place for what its schema has no name for.
type Unmapped struct {
	Eksposure Extra `json:"eksposure"`
}

// Extra is what eksposure knows beyond the schema: how the severity was computed,
// what each topic would achieve, and what could not be read.
type Extra struct {
	Arithmetic exposure.Arithmetic   `json:"severity_arithmetic"`
	Cluster    exposure.Cluster      `json:"cluster"`
	Traits     []exposure.TraitState `json:"traits"`
	Topics     []exposure.TopicState `json:"topics"`
	FixSets    []exposure.FixSet     `json:"fix_sets"`
	Unneeded   *exposure.Unneeded    `json:"unneeded,omitempty"`
	Gaps       []inventory.Gap       `json:"gaps"`
	// Override is who set severity, status or comment, and when.
	Override *exposure.Override `json:"override,omitempty"`
	PathLeft int                `json:"attack_path_left_out,omitempty"`
	ClosedAt string             `json:"closed_at,omitempty"`
	Reopened int                `json:"reopened"`
}
