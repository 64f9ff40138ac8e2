package native

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/schedule"
)

func (s *service) scanOperations() []operation {
	return []operation{
		{
			name: "StartScan", method: http.MethodPost, path: "/scans", action: access.Operate, group: "scans",
			summary:     "Scan clusters now: those that are named, those of accounts or regions, or all.",
			description: "Answers at once; GetScan tells the progress. Accounts and regions are discovered first. What lies outside of your scope is refused, and an empty request means your whole scope.",
			body:        ScanRequest{}, status: http.StatusAccepted, answer: schedule.Job{}, handle: s.startScan,
		},
		{
			name: "ListScans", method: http.MethodGet, path: "/scans", action: access.Read, group: "scans",
			summary: "List the latest scans that were asked for, newest first.", answer: ScanList{}, handle: s.listScans,
		},
		{
			name: "GetScan", method: http.MethodGet, path: "/scans/{id}", action: access.Read, group: "scans",
			summary: "Get the progress of a scan.", params: []param{{name: "id", inPath: true, doc: "ID of the scan.", shape: `^[0-9A-Za-z.-]{1,64}$`}},
			answer: schedule.Job{}, handle: s.getScan,
		},
	}
}

// ScanRequest says what to scan.
type ScanRequest struct {
	Accounts []string `json:"accounts,omitempty" doc:"Accounts, 12 digits each."`
	Regions  []string `json:"regions,omitempty" doc:"Regions."`
	Clusters []string `json:"clusters,omitempty" doc:"Clusters, by ARN."`
}

// ScanList are scans that were asked for.
type ScanList struct {
	Items []schedule.Job `json:"items" doc:"The scans, newest first."`
}

func (s *service) startScan(ctx context.Context, q *request) (any, error) {
	body, _ := q.body.(*ScanRequest)
	scope := access.Scope{Accounts: body.Accounts, Regions: body.Regions, Clusters: body.Clusters}
	if err := scope.Validate(); err != nil {
		return nil, err
	}
	scope, err := within(scope, q.caller.Scope)
	if err != nil {
		return nil, err
	}
	j, err := s.cfg.Scans.Start(ctx, scope, q.caller.ID)
	if err != nil {
		return nil, err
	}
	return j, q.caller.Note(j.ID, nil, scope)
}

// within gives what was asked for where the caller is confined: each list that was
// left out becomes the caller's own, and one that names more is refused.
func within(asked, own access.Scope) (access.Scope, error) {
	for _, list := range []struct {
		name  string
		asked *[]string
		own   []string
	}{{"account", &asked.Accounts, own.Accounts}, {"region", &asked.Regions, own.Regions}, {"cluster", &asked.Clusters, own.Clusters}} {
		if len(*list.asked) == 0 {
			*list.asked = list.own
			continue
		}
		for _, v := range *list.asked {
			if len(list.own) > 0 && !slices.Contains(list.own, v) {
				return asked, fmt.Errorf("%s %q is outside of your scope: %w", list.name, v, fault.ErrDenied)
			}
		}
	}
	return asked, nil
}

// sees reports whether a scan is the caller's to see: their own, or one of nothing
// but what they may see.
func sees(q *request, j schedule.Job) bool {
	if j.By == q.caller.ID || q.caller.Scope.Everything() {
		return true
	}
	if len(j.Scope.Clusters) == 0 {
		_, err := within(j.Scope, q.caller.Scope)
		return err == nil && len(q.caller.Scope.Clusters) == 0 && (len(q.caller.Scope.Accounts) == 0 || len(j.Scope.Accounts) > 0) &&
			(len(q.caller.Scope.Regions) == 0 || len(j.Scope.Regions) > 0)
	}
	for _, arn := range j.Scope.Clusters {
		ref, err := inventory.ParseClusterRef(arn)
		if err != nil || !q.caller.Scope.Allows(ref) {
			return false
		}
	}
	return true
}

func (s *service) listScans(ctx context.Context, q *request) (any, error) {
	jobs, err := s.cfg.Scans.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	jobs = slices.DeleteFunc(jobs, func(j schedule.Job) bool { return !sees(q, j) })
	return ScanList{Items: append([]schedule.Job{}, jobs...)}, nil
}

func (s *service) getScan(ctx context.Context, q *request) (any, error) {
	j, err := s.cfg.Scans.Job(ctx, q.text("id"))
	if err != nil {
		return nil, err
	}
	if !sees(q, j) {
		return nil, fmt.Errorf("no scan with ID %q: %w", q.text("id"), fault.ErrNotFound)
	}
	return j, nil
}
