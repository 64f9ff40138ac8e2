package estate

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// logQuery is a query of CloudWatch Logs Insights, which runs at the first look and is
// complete at the second.
type logQuery struct {
	rows    [][]cell
	scanned int
	records int
	looked  bool
	stopped bool
}

// cell is one value of a row.
type cell struct{ Field, Value string }

func (e *Estate) logOperations() []operation {
	return []operation{
		{
			service: "logs", name: "StartQuery", action: "logs:StartQuery", handle: e.startQuery,
			resource: func(c *call) string {
				return "arn:aws:logs:" + c.region + ":" + c.account.ID + ":log-group:" + c.logGroup() + ":log-stream:"
			},
		},
		{service: "logs", name: "GetQueryResults", action: "logs:GetQueryResults", handle: e.queryResults},
		{service: "logs", name: "StopQuery", action: "logs:StopQuery", handle: e.stopQuery},
	}
}

func (c *call) logGroup() string {
	var in struct {
		Name string `json:"logGroupName"`
	}
	_ = c.decode(&in) // what cannot be read names none
	return in.Name
}

func (e *Estate) startQuery(_ context.Context, c *call) (any, error) {
	var in struct {
		Group string `json:"logGroupName"`
		Start int64  `json:"startTime"`
		End   int64  `json:"endTime"`
		Query string `json:"queryString"`
		Limit int    `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Start >= in.End {
		return nil, invalid("End time should be greater than start time")
	}
	program, err := compileInsights(in.Query)
	if err != nil {
		return nil, &apiError{Code: "MalformedQueryException", Status: http.StatusBadRequest, Message: err.Error(), Fields: map[string]any{"queryCompileError": map[string]any{"message": err.Error()}}}
	}
	cl := c.logged(in.Group)
	if cl == nil {
		return nil, &apiError{Code: "ResourceNotFoundException", Status: http.StatusBadRequest, Message: "Log group '" + in.Group + "' does not exist for account ID '" + c.account.ID + "'"}
	}
	records := cl.auditLog(time.Unix(in.Start, 0), time.Unix(in.End, 0))
	q := &logQuery{rows: program.run(records), records: len(records)}
	for _, r := range records {
		q.scanned += len(r.message)
	}
	id := stableUUID(randomText(16))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queries[id] = q
	return map[string]any{"queryId": id}, nil
}

// logged finds the cluster of the account and region that writes an audit log into a group.
func (c *call) logged(group string) *Cluster {
	for cl := range c.clusters() {
		if group == "/aws/eks/"+cl.Name+"/cluster" && slices.Contains(cl.LogTypes, "audit") {
			return cl
		}
	}
	return nil
}

// query finds a query by the ID that the call names.
func (e *Estate) query(c *call) (*logQuery, error) {
	var in struct {
		ID string `json:"queryId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	q := e.queries[in.ID]
	if q == nil {
		return nil, &apiError{Code: "ResourceNotFoundException", Status: http.StatusBadRequest, Message: "Query id is not found"}
	}
	return q, nil
}

func (e *Estate) queryResults(_ context.Context, c *call) (any, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.query(c)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"status": "Running", "results": []any{}, "queryLanguage": "CWLI"}
	switch {
	case q.stopped:
		answer["status"] = "Cancelled"
	case q.looked:
		rows := make([][]map[string]any, len(q.rows))
		for i, row := range q.rows {
			for _, v := range row {
				rows[i] = append(rows[i], map[string]any{"field": v.Field, "value": v.Value})
			}
		}
		answer["status"], answer["results"] = "Complete", rows
		answer["statistics"] = map[string]any{"recordsMatched": len(q.rows), "recordsScanned": q.records, "bytesScanned": q.scanned}
	}
	q.looked = true
	return answer, nil
}

func (e *Estate) stopQuery(_ context.Context, c *call) (any, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.query(c)
	if err != nil {
		return nil, err
	}
	if q.stopped {
		return nil, invalid("Query is not running")
	}
	q.stopped = true
	return map[string]any{"success": true}, nil
}

// record is one event of a log.
type record struct {
	at              time.Time
	stream, message string
	fields          map[string]string
}

// auditLog gives the events of a cluster's audit log, and one of another log of the same
// group, as the API server writes them.
func (cl *Cluster) auditLog(from, to time.Time) []record {
	list := []record{{at: to, stream: "authenticator-" + stableHex(cl.Name, 32), message: `time="now" level=info msg="access granted"`}}
	for i, k := range cl.Calls {
		for at := range spread(k.Times, k.First, k.Last, from, to) {
			list = append(list, k.record(cl.Name, i, at))
		}
	}
	return list
}

// spread gives the times of some calls that lie between two times.
func spread(times int, first, last, from, to time.Time) func(func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		for i := range times {
			at := last
			if times > 1 {
				at = last.Add(-last.Sub(first) / time.Duration(times-1) * time.Duration(times-1-i))
			}
			if !at.Before(from) && !at.After(to) && !yield(at) {
				return
			}
		}
	}
}

// record writes one event of the audit.k8s.io API. The API server knows nobody by name whom
// it has refused to let in.
func (k KubeCalls) record(cluster string, number int, at time.Time) record {
	code := k.Code
	if code == 0 {
		code = http.StatusOK
	}
	user := map[string]any{}
	if k.User != "" {
		user = map[string]any{"username": k.User, "groups": k.Groups}
	}
	at = at.UTC()
	text, _ := json.Marshal(struct { // strings and numbers marshal
		Kind       string         `json:"kind"`
		Version    string         `json:"apiVersion"`
		Level      string         `json:"level"`
		ID         string         `json:"auditID"`
		Stage      string         `json:"stage"`
		URI        string         `json:"requestURI"`
		Verb       string         `json:"verb"`
		User       map[string]any `json:"user"`
		Sources    []string       `json:"sourceIPs"`
		UserAgent  string         `json:"userAgent"`
		Status     map[string]any `json:"responseStatus"`
		Object     map[string]any `json:"requestObject,omitempty"`
		ReceivedAt string         `json:"requestReceivedTimestamp"`
	}{
		"Event", "audit.k8s.io/v1", "Request", stableUUID(cluster + strconv.Itoa(number) + at.String()), "ResponseComplete", "/api/v1/pods", "list",
		user, k.Sources, `kubectl/v1.34.0 "sourceIPs":["192.0.2.1"]`,
		map[string]any{"code": code},
		map[string]any{"sourceIPs": []string{"192.0.2.2"}},
		at.Format(time.RFC3339Nano),
	})
	r := record{at: at, stream: "kube-apiserver-audit-" + stableHex(cluster, 32), message: string(text), fields: map[string]string{}}
	var parsed any
	if json.Unmarshal(text, &parsed) == nil {
		flatten("", parsed, r.fields)
	}
	return r
}

// flatten names the fields of JSON as Insights does: a.b, and list.0.
func flatten(path string, v any, into map[string]string) {
	add := func(key string, v any) { flatten(strings.TrimPrefix(path+"."+key, "."), v, into) }
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			add(key, value)
		}
	case []any:
		for i, value := range v {
			add(strconv.Itoa(i), value)
		}
	case string:
		into[path] = v
	case float64:
		into[path] = strconv.FormatFloat(v, 'f', -1, 64)
	}
}
