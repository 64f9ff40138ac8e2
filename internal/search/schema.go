package search

import (
	"slices"
	"strings"
	"sync"
)

// Kind is what values a field has, and so which filters it takes.
type Kind string

// The kinds, named like the API's filters.
const (
	Text    Kind = "String"
	Date    Kind = "Date"
	Boolean Kind = "Boolean"
	Number  Kind = "Number"
	Map     Kind = "Map"
	Address Kind = "Ip"
)

// Schema is what one collection of documents can be asked by.
type Schema struct {
	name   string
	fields []string
	kinds  map[string]Kind
	paths  map[string]string
	ranks  map[string]string
	groups []string
}

// FindingSchema has the fields of findings: paths of the OCSF document.
func FindingSchema() *Schema { return findingSchema() }

// ResourceSchema has the fields of the resource inventory.
func ResourceSchema() *Schema { return resourceSchema() }

// FindingTrendSchema has the fields of finding trends; they stand for paths of the
// OCSF document.
func FindingTrendSchema() *Schema { return findingTrendSchema() }

// ResourceTrendSchema has the fields of resource trends; they stand for fields of
// the resource inventory.
func ResourceTrendSchema() *Schema { return resourceTrendSchema() }

// FeatureField is in Security Hub's documentation and not in its model: the guide
// filters exposure findings by it.
const FeatureField = "metadata.product.feature.uid"

var (
	findingSchema = sync.OnceValue(func() *Schema {
		s := newSchema("findings", findingGroups)
		s.add(Text, findingTexts)
		s.add(Text, FeatureField)
		s.add(Date, findingDates)
		s.add(Boolean, findingBooleans)
		s.add(Number, findingNumbers)
		s.add(Map, findingMaps)
		s.add(Address, findingAddresses)
		s.ranks = map[string]string{
			"severity": "severity_id", "status": "status_id", "activity_name": "activity_id", "vendor_attributes.severity": "vendor_attributes.severity_id",
		}
		return s
	})
	resourceSchema = sync.OnceValue(func() *Schema {
		s := newSchema("resources", resourceGroups)
		s.add(Text, resourceTexts)
		s.add(Date, resourceDates)
		s.add(Number, resourceNumbers)
		s.add(Map, resourceMaps)
		s.paths["ResourceDetailCaptureTime"] = "ResourceDetailCaptureTimeDt"
		s.paths["ResourceCreationTime"] = "ResourceCreationTimeDt"
		return s
	})
	findingTrendSchema = sync.OnceValue(func() *Schema {
		s := newSchema("finding trends", "")
		s.add(Text, findingTrendTexts)
		s.paths = map[string]string{
			"account_id": "cloud.account.uid", "region": "cloud.region", "finding_types": "finding_info.types", "finding_status": "status",
			"finding_cve_ids": "vulnerabilities.cve.uid", "finding_compliance_status": "compliance.status", "finding_control_id": "compliance.control",
			"finding_class_name": "class_name", "finding_provider": "metadata.product.name", "finding_activity_name": "activity_name",
			"resource_cloud_providers": "resources.provider", "resource_regions": "resources.region", "resource_owner_ids": "resources.owner.account.uid",
			"resource_owner_organization_ids": "resources.owner.org.uid",
		}
		return s
	})
	resourceTrendSchema = sync.OnceValue(func() *Schema {
		s := newSchema("resource trends", "")
		s.add(Text, resourceTrendTexts)
		s.paths = map[string]string{
			"account_id": "AccountId", "region": "Region", "resource_type": "ResourceType", "resource_category": "ResourceCategory",
			"resource_cloud_provider": "ResourceProvider", "resource_region": "ResourceRegion", "resource_owner_id": "ResourceOwnerAccountId",
			"resource_owner_organization_id": "ResourceOwnerOrgId",
		}
		return s
	})
)

func newSchema(name, groups string) *Schema {
	return &Schema{name: name, kinds: map[string]Kind{}, paths: map[string]string{}, groups: strings.Fields(groups)}
}

func (s *Schema) add(k Kind, names string) {
	for name := range strings.FieldsSeq(names) {
		s.fields = append(s.fields, name)
		s.kinds[name] = k
	}
}

// Kind gives the kind of a field, and whether the collection has the field.
func (s *Schema) Kind(field string) (Kind, bool) {
	k, ok := s.kinds[field]
	return k, ok
}

// Path is where a field's values are in the document.
func (s *Schema) Path(field string) string {
	if p, ok := s.paths[field]; ok {
		return p
	}
	return field
}

// Rank gives the field whose order a field has: that of severity is the order of
// severity_id and not of letters. (Ours: the API Reference does not say it.)
func (s *Schema) Rank(field string) string {
	if r, ok := s.ranks[field]; ok {
		return r
	}
	return field
}

// Fields lists all fields, in a fixed order.
func (s *Schema) Fields() []string { return slices.Clone(s.fields) }

// Groups lists the fields that statistics can be grouped by.
func (s *Schema) Groups() []string { return slices.Clone(s.groups) }
