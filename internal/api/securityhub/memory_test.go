package securityhub_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/deliver/delivertest"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/search"
	"github.com/eksposure/eksposure/internal/search/searchtest"
)

// memory keeps everything that the hub asks of a database, in plain maps.
type memory struct {
	*delivertest.Memory

	mu       sync.Mutex
	findings map[string]*exposure.Finding
}

func newMemory(findings ...*exposure.Finding) *memory {
	m := &memory{Memory: delivertest.New(), findings: map[string]*exposure.Finding{}}
	for _, f := range findings {
		m.findings[f.ID] = f
	}
	return m
}

// Search pages through the documents in order of their IDs.
func (m *memory) Search(_ context.Context, r search.Request) (search.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var page search.Page
	for _, id := range slices.Sorted(maps.Keys(m.findings)) {
		f := m.findings[id]
		if id <= r.Token || !r.Scope.Allows(f.Cluster.Ref) {
			continue
		}
		document, match, err := judge(f, r.Filters, r.Now)
		if err != nil {
			return page, err
		}
		if !match {
			continue
		}
		if len(page.Documents) == r.Limit {
			return page, nil
		}
		page.Documents, page.Next = append(page.Documents, document), id
	}
	page.Next = ""
	return page, nil
}

// judge gives a finding's document, and whether the filters match it.
func judge(f *exposure.Finding, filters search.Filters, now time.Time) ([]byte, bool, error) {
	document, err := json.Marshal(ocsf.Finding(f, ocsf.Options{}))
	if err != nil {
		return nil, false, err
	}
	decoded, err := search.Decode(document)
	return document, filters.Match(search.FindingSchema(), decoded, now), err
}

// Statistics counts by severity, whatever the rule says.
func (m *memory) Statistics(_ context.Context, r search.GroupRequest) ([]search.Groups, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []search.Groups
	for _, rule := range r.Rules {
		if rule.Field != "severity" {
			return nil, fmt.Errorf("GroupByField %q: %w", rule.Field, fault.ErrInvalid)
		}
		counts := map[string]int{}
		for _, f := range m.findings {
			if r.Scope.Allows(f.Cluster.Ref) {
				counts[f.ShownSeverity()]++
			}
		}
		g := search.Groups{Field: rule.Field}
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			g.Values = append(g.Values, search.GroupValue{Value: name, Count: counts[name]})
		}
		slices.SortStableFunc(g.Values, func(a, b search.GroupValue) int { return cmp.Compare(b.Count, a.Count) })
		list = append(list, g)
	}
	return list, nil
}

func (m *memory) Finding(_ context.Context, key string) (*exposure.Finding, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.findings {
		if f.ID == key || f.UID == key {
			return f, nil
		}
	}
	return nil, fmt.Errorf("no finding %q: %w", key, fault.ErrNotFound)
}

func (m *memory) SetOverride(_ context.Context, id string, set func(*exposure.Finding) (*exposure.Override, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.findings[id]
	if f == nil {
		return fmt.Errorf("no finding %q: %w", id, fault.ErrNotFound)
	}
	o, err := set(f)
	if err == nil {
		f.Override = o
	}
	return err
}

// SearchResources knows one cluster.
func (m *memory) SearchResources(_ context.Context, r search.Request) (search.Page, error) {
	const document = `{"ResourceId":"arn:aws:eks:eu-central-1:111122223333:cluster/checkout","AccountId":"111122223333","Region":"eu-central-1",` +
		`"ResourceType":"AWS::EKS::Cluster","ResourceCategory":"Compute","ResourceProvider":"AWS","ResourceDetailCaptureTimeDt":"2026-11-24T09:30:00.000Z",` +
		`"ResourceConfig":{"version":"1.31"},"FindingsSummary":[{"FindingType":"Exposure","ProductName":"eksposure","TotalFindings":1,"Severities":{"High":1}}]}`
	decoded, err := search.Decode([]byte(document))
	if err != nil || !r.Filters.Match(search.ResourceSchema(), decoded, r.Now) {
		return search.Page{}, err
	}
	return search.Page{Documents: [][]byte{[]byte(document)}}, nil
}

func (m *memory) ResourceStatistics(_ context.Context, r search.GroupRequest) ([]search.Groups, error) {
	var list []search.Groups
	for _, rule := range r.Rules {
		list = append(list, search.Groups{Field: rule.Field, Values: []search.GroupValue{{Value: "AWS::EKS::Cluster", Count: 1}}})
	}
	return list, nil
}

// FindingTrends counts upwards, one more High each day.
func (m *memory) FindingTrends(_ context.Context, r search.TrendRequest) ([]search.FindingTrend, error) {
	var list []search.FindingTrend
	for i, at := range search.Points(r.Start, r.End) {
		list = append(list, search.FindingTrend{At: at, Severities: map[string]int{"High": i}})
	}
	return list, nil
}

func (m *memory) ResourceTrends(_ context.Context, r search.TrendRequest) ([]search.ResourceTrend, error) {
	var list []search.ResourceTrend
	for i, at := range search.Points(r.Start, r.End) {
		list = append(list, search.ResourceTrend{At: at, Count: i})
	}
	return list, nil
}

// desks remembers the tickets; broken is what is wrong with it.
type desks struct {
	opened map[string]automation.Ticket
	broken error
}

func (d *desks) Open(_ context.Context, to automation.Desk, t automation.Ticket) (automation.Opened, error) {
	if d.broken != nil {
		return automation.Opened{}, d.broken
	}
	_, known := d.opened[t.Token]
	d.opened[t.Token] = t
	return automation.Opened{ID: fmt.Sprintf("%s-%d", to.ProjectKey, len(d.opened)), URL: "https://jira.example/1", Known: known}, nil
}

func (d *desks) Check(context.Context, automation.Desk) error { return d.broken }

func (m *memory) Targets(_ context.Context, r search.TargetRequest) (search.TargetPage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return searchtest.Targets(m.all(), r), nil
}

func (m *memory) Exposed(_ context.Context, r search.ExposedRequest) (search.ExposedPage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return searchtest.Exposed(m.all(), r), nil
}

// all gives the findings in order of their IDs.
func (m *memory) all() []*exposure.Finding {
	var list []*exposure.Finding
	for _, id := range slices.Sorted(maps.Keys(m.findings)) {
		list = append(list, m.findings[id])
	}
	return list
}
