// Package securityhub speaks AWS Security Hub's V2 API: paths, member names, limits
// and errors as the Security Hub API Reference has them, so that unmodified AWS
// clients work.
//
// It decodes and checks requests, calls package hub (and export, for export jobs),
// and encodes their answers. What an operation means is decided there. Members that
// AWS does not know are ignored, as AWS does.
package securityhub

import (
	"net/http"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/hub"
)

// Config joins the routes with what answers them.
type Config struct {
	Hub *hub.Service
}

// routes answers the operations.
type routes struct {
	hub *hub.Service
}

// operation is one row of the API.
type operation struct {
	name   string
	method string
	path   string
	action access.Action
	// handle gives the answer's body: a value to encode, or a document.
	handle func(*call) (any, error)
	// status is that of a success; 0 means 200.
	status int
	// words are the operation's names for errors; nil means those of most.
	words *words
	// always tells that it answers while the hub is disabled, too.
	always bool
}

// Routes lists the operations.
func Routes(c Config) []api.Route {
	s := &routes{hub: c.Hub}
	var list []api.Route
	for _, o := range s.operations() {
		list = append(list, api.Route{
			Operation: o.name, Method: o.method, Path: o.path, Action: o.action,
			Handle: s.handler(o), Fail: o.fail,
		})
	}
	return list
}

func (s *routes) handler(o operation) func(http.ResponseWriter, *http.Request, api.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, caller api.Caller) error {
		if !o.always {
			if err := s.hub.Enabled(r.Context()); err != nil {
				return err
			}
		}
		answer, err := o.handle(&call{Request: r, caller: caller})
		if err != nil {
			return err
		}
		status := http.StatusOK
		if o.status != 0 {
			status = o.status
		}
		return write(w, status, answer)
	}
}

func (s *routes) operations() []operation {
	const (
		get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
		read, operate, manage = access.Read, access.Operate, access.Administer
	)
	return []operation{
		{name: "GetFindingsV2", method: post, path: "/findingsv2", action: read, handle: s.getFindings},
		{name: "GetFindingStatisticsV2", method: post, path: "/findingsv2/statistics", action: read, handle: s.getFindingStatistics},
		{name: "BatchUpdateFindingsV2", method: patch, path: "/findingsv2/batchupdatev2", action: operate, handle: s.batchUpdateFindings},

		{name: "EnableSecurityHubV2", method: post, path: "/hubv2", action: manage, handle: s.enableHub, always: true},
		{name: "DescribeSecurityHubV2", method: get, path: "/hubv2", action: read, handle: s.describeHub, always: true},
		{name: "DisableSecurityHubV2", method: del, path: "/hubv2", action: manage, handle: s.disableHub},
		{name: "EnableSecurityHubFeatureV2", method: post, path: "/hubv2/feature/{FeatureName}", action: manage, handle: s.enableFeature},
		{name: "DisableSecurityHubFeatureV2", method: del, path: "/hubv2/feature/{FeatureName}", action: manage, handle: s.disableFeature},

		{name: "TagResource", method: post, path: "/tags/{ResourceArn...}", action: manage, handle: s.tagResource, words: &tagWords},
		{name: "UntagResource", method: del, path: "/tags/{ResourceArn...}", action: manage, handle: s.untagResource, words: &tagWords},
		{name: "ListTagsForResource", method: get, path: "/tags/{ResourceArn...}", action: read, handle: s.listTags, words: &tagWords},
	}
}
