package securityhub

import (
	"encoding/base64"
	"time"

	"github.com/eksposure/eksposure/internal/search"
)

type trendsRequest struct {
	Filters    search.Filters
	StartTime  *timestamp
	EndTime    *timestamp
	NextToken  string
	MaxResults *int
}

type trendsAnswer[T any] struct {
	Granularity   search.Granularity `json:"Granularity"`
	TrendsMetrics []trendsMetric[T]  `json:"TrendsMetrics"`
	NextToken     string             `json:"NextToken,omitempty"`
}

type trendsMetric[T any] struct {
	Timestamp    timestamp `json:"Timestamp"`
	TrendsValues T         `json:"TrendsValues"`
}

type findingTrend struct {
	SeverityTrends severityTrends `json:"SeverityTrends"`
}

type severityTrends struct {
	Unknown       int `json:"Unknown"`
	Informational int `json:"Informational"`
	Low           int `json:"Low"`
	Medium        int `json:"Medium"`
	High          int `json:"High"`
	Critical      int `json:"Critical"`
	Fatal         int `json:"Fatal"`
	Other         int `json:"Other"`
}

type resourceTrend struct {
	ResourcesCount struct {
		AllResources int `json:"AllResources"`
	} `json:"ResourcesCount"`
}

func (s *routes) getFindingsTrends(c *call) (any, error) {
	r, in, err := trends(c)
	if err != nil {
		return nil, err
	}
	list, err := s.hub.FindingTrends(c.Context(), c.caller.Principal, r)
	if err != nil {
		return nil, err
	}
	out := trendsAnswer[findingTrend]{Granularity: search.GranularityOf(r.Start, r.End)}
	for _, t := range list {
		n := t.Severities
		out.TrendsMetrics = append(out.TrendsMetrics, trendsMetric[findingTrend]{timestamp(t.At), findingTrend{severityTrends{
			Unknown: n["Unknown"], Informational: n["Informational"], Low: n["Low"], Medium: n["Medium"],
			High: n["High"], Critical: n["Critical"], Fatal: n["Fatal"], Other: n["Other"],
		}}})
	}
	return trendsPage(out, in)
}

func (s *routes) getResourcesTrends(c *call) (any, error) {
	r, in, err := trends(c)
	if err != nil {
		return nil, err
	}
	list, err := s.hub.ResourceTrends(c.Context(), c.caller.Principal, r)
	if err != nil {
		return nil, err
	}
	out := trendsAnswer[resourceTrend]{Granularity: search.GranularityOf(r.Start, r.End)}
	for _, t := range list {
		m := trendsMetric[resourceTrend]{Timestamp: timestamp(t.At)}
		m.TrendsValues.ResourcesCount.AllResources = t.Count
		out.TrendsMetrics = append(out.TrendsMetrics, m)
	}
	return trendsPage(out, in)
}

// trends reads the request of both trend operations.
func trends(c *call) (search.TrendRequest, trendsRequest, error) {
	var in trendsRequest
	if err := decode(c, &in); err != nil {
		return search.TrendRequest{}, in, err
	}
	return search.TrendRequest{Filters: in.Filters, Start: time.Time(deref(in.StartTime)), End: time.Time(deref(in.EndTime))}, in, nil
}

// trendsPage cuts a page out of all points; its token is the time of the last one.
func trendsPage[T any](out trendsAnswer[T], in trendsRequest) (any, error) {
	size, err := limit("MaxResults", in.MaxResults, search.MaxPage, search.MaxPage)
	if err != nil {
		return nil, err
	}
	if in.NextToken != "" {
		text, err := base64.RawURLEncoding.DecodeString(in.NextToken)
		after, parseErr := time.Parse(time.RFC3339, string(text))
		if err != nil || parseErr != nil {
			return nil, invalid("NextToken", "it is none of this operation's")
		}
		for len(out.TrendsMetrics) > 0 && !time.Time(out.TrendsMetrics[0].Timestamp).After(after) {
			out.TrendsMetrics = out.TrendsMetrics[1:]
		}
	}
	if len(out.TrendsMetrics) > size {
		out.TrendsMetrics = out.TrendsMetrics[:size]
		last := time.Time(out.TrendsMetrics[size-1].Timestamp)
		out.NextToken = base64.RawURLEncoding.EncodeToString([]byte(last.Format(time.RFC3339)))
	}
	out.TrendsMetrics = notNil(out.TrendsMetrics)
	return out, nil
}
