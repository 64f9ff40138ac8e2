// Package search is the language in which findings and resources are asked for:
// Security Hub's filters, sorting, grouping and paging.
//
// It defines what a request means and has no data of its own: package store
// answers requests in SQL, and Match answers them for one document, as the plain
// statement of the same rules. Names and limits are those of the Security Hub API
// Reference (OcsfFindingFilters, ResourcesFilters); the JSON is that of the API.
package search

import (
	"time"

	"github.com/eksposure/eksposure/internal/access"
)

// Limits of the API Reference.
const (
	// MaxComposites is how many composite filters one list may have.
	MaxComposites = 10
	// MaxFilters is how many filters of one kind one composite filter may have.
	MaxFilters = 20
	// MaxDepth is how deep filters nest: list, composite, nested composite.
	MaxDepth = 3
	// MaxRules is how many group rules one statistics request may have.
	MaxRules = 5
	// MaxGroups bounds the values that a group rule gives.
	MaxGroups = 400
	// MaxPage bounds a page.
	MaxPage = 100
)

// Operator joins filters.
type Operator string

// The operators; an empty one is And.
const (
	And Operator = "AND"
	Or  Operator = "OR"
)

// Filters select documents. The zero value selects all.
type Filters struct {
	CompositeFilters  []Composite `json:"CompositeFilters,omitempty"`
	CompositeOperator Operator    `json:"CompositeOperator,omitempty"`
}

// Composite is a set of filters joined by its operator.
type Composite struct {
	StringFilters          []StringFilter  `json:"StringFilters,omitempty"`
	DateFilters            []DateFilter    `json:"DateFilters,omitempty"`
	BooleanFilters         []BooleanFilter `json:"BooleanFilters,omitempty"`
	NumberFilters          []NumberFilter  `json:"NumberFilters,omitempty"`
	MapFilters             []MapFilter     `json:"MapFilters,omitempty"`
	IPFilters              []IPFilter      `json:"IpFilters,omitempty"`
	NestedCompositeFilters []Composite     `json:"NestedCompositeFilters,omitempty"`
	Operator               Operator        `json:"Operator,omitempty"`
}

// StringFilter compares a text field.
type StringFilter struct {
	FieldName string   `json:"FieldName"`
	Filter    StringIs `json:"Filter"`
}

// StringIs is a comparison with a text, which is case sensitive.
type StringIs struct {
	Value      string     `json:"Value"`
	Comparison Comparison `json:"Comparison"`
}

// Comparison is how a text or a map entry is compared.
type Comparison string

// The comparisons. Maps know Equals, NotEquals, Contains and NotContains.
const (
	Equals          Comparison = "EQUALS"
	Prefix          Comparison = "PREFIX"
	NotEquals       Comparison = "NOT_EQUALS"
	PrefixNotEquals Comparison = "PREFIX_NOT_EQUALS"
	Contains        Comparison = "CONTAINS"
	NotContains     Comparison = "NOT_CONTAINS"
	ContainsWord    Comparison = "CONTAINS_WORD"
)

// DateFilter compares a time field.
type DateFilter struct {
	FieldName string `json:"FieldName"`
	Filter    DateIs `json:"Filter"`
}

// DateIs is a window, or an age relative to now.
type DateIs struct {
	Start     string     `json:"Start,omitempty"` // ISO 8601
	End       string     `json:"End,omitempty"`
	DateRange *DateRange `json:"DateRange,omitempty"`
}

// DateRange is an age in days.
type DateRange struct {
	Value      int    `json:"Value"`
	Unit       string `json:"Unit"`                 // DAYS
	Comparison string `json:"Comparison,omitempty"` // WITHIN (also when empty), OLDER_THAN
}

// BooleanFilter compares a yes-or-no field.
type BooleanFilter struct {
	FieldName string `json:"FieldName"`
	Filter    struct {
		Value bool `json:"Value"`
	} `json:"Filter"`
}

// NumberFilter compares a number field; all given bounds hold.
type NumberFilter struct {
	FieldName string   `json:"FieldName"`
	Filter    NumberIs `json:"Filter"`
}

// NumberIs are the bounds of a number.
type NumberIs struct {
	Gte *float64 `json:"Gte,omitempty"`
	Lte *float64 `json:"Lte,omitempty"`
	Eq  *float64 `json:"Eq,omitempty"`
	Gt  *float64 `json:"Gt,omitempty"`
	Lt  *float64 `json:"Lt,omitempty"`
}

// MapFilter compares the value of one key of a map field, such as a tag.
type MapFilter struct {
	FieldName string `json:"FieldName"`
	Filter    MapIs  `json:"Filter"`
}

// MapIs is a comparison with the value of a key.
type MapIs struct {
	Key        string     `json:"Key"`
	Value      string     `json:"Value"`
	Comparison Comparison `json:"Comparison"`
}

// IPFilter compares an address field with a CIDR block.
type IPFilter struct {
	FieldName string `json:"FieldName"`
	Filter    struct {
		Cidr string `json:"Cidr"`
	} `json:"Filter"`
}

// Order is the direction of a sort.
type Order string

// The orders.
const (
	Ascending  Order = "asc"
	Descending Order = "desc"
)

// Sort is one field that a page is sorted by.
type Sort struct {
	Field string `json:"Field"`
	Order Order  `json:"SortOrder"`
}

// Request asks for one page.
type Request struct {
	Filters Filters
	// Scope is what the caller may see; it narrows the filters.
	Scope access.Scope
	Sort  []Sort
	// Limit is the page's size, 1 to MaxPage.
	Limit int
	// Token is that of the page before; empty for the first page.
	Token string
	// Now is what relative dates are relative to.
	Now time.Time
}

// Page is one page of documents.
type Page struct {
	// Documents are JSON objects, in order.
	Documents [][]byte
	// Next is the token of the next page; empty on the last one.
	Next string
}

// GroupRule counts documents by the values of a field.
type GroupRule struct {
	Field   string   `json:"GroupByField"`
	Filters *Filters `json:"Filters,omitempty"`
}

// GroupRequest asks for statistics.
type GroupRequest struct {
	Rules []GroupRule
	Scope access.Scope
	// Order sorts the values by their count.
	Order Order
	// Limit is how many values each rule gives, 1 to MaxGroups.
	Limit int
	Now   time.Time
}

// Groups is the answer to one rule.
type Groups struct {
	Field  string       `json:"GroupByField"`
	Values []GroupValue `json:"GroupByValues"`
}

// GroupValue is a value with the number of documents that have it.
type GroupValue struct {
	Value string `json:"FieldValue"`
	Count int    `json:"Count"`
}

// TrendRequest asks for counts over time.
type TrendRequest struct {
	Filters    Filters
	Scope      access.Scope
	Start, End time.Time
}

// FindingTrend is the number of open findings by severity name at a time.
type FindingTrend struct {
	At         time.Time
	Severities map[string]int
}

// ResourceTrend is the number of resources at a time.
type ResourceTrend struct {
	At    time.Time
	Count int
}
