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
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/hub"
)

// Config joins the routes with what answers them.
type Config struct {
	Hub     *hub.Service
	Exports *export.Service
	// Plans are nil where nothing is applied.
	Plans Plans
}

// routes answers the operations.
type routes struct {
	hub     *hub.Service
	exports *export.Service
	plans   Plans
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
	// words are the operation's own names for errors.
	words words
	// always tells that it answers while the hub is disabled, too.
	always bool
}

// Routes lists the operations, and those that are refused with a hint.
func Routes(c Config) []api.Route {
	s := &routes{hub: c.Hub, exports: c.Exports, plans: c.Plans}
	operations := s.operations()
	list := unansweredRoutes(operations)
	for _, o := range operations {
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

		{name: "GetFindingsTrendsV2", method: post, path: "/findingsTrendsv2", action: read, handle: s.getFindingsTrends},
		{name: "GetResourcesV2", method: post, path: "/resourcesv2", action: read, handle: s.getResources},
		{name: "GetResourcesStatisticsV2", method: post, path: "/resourcesv2/statistics", action: read, handle: s.getResourcesStatistics},
		{name: "GetResourcesTrendsV2", method: post, path: "/resourcesTrendsv2", action: read, handle: s.getResourcesTrends},

		{name: "CreateAutomationRuleV2", method: post, path: "/automationrulesv2/create", action: manage, handle: s.createRule},
		{name: "ListAutomationRulesV2", method: get, path: "/automationrulesv2/list", action: read, handle: s.listRules},
		{name: "GetAutomationRuleV2", method: get, path: "/automationrulesv2/{Identifier...}", action: read, handle: s.getRule},
		{name: "UpdateAutomationRuleV2", method: patch, path: "/automationrulesv2/{Identifier...}", action: manage, handle: s.updateRule},
		{name: "DeleteAutomationRuleV2", method: del, path: "/automationrulesv2/{Identifier...}", action: manage, handle: s.deleteRule},

		{name: "CreateConnectorV2", method: post, path: "/connectorsv2", action: manage, handle: s.createConnector},
		{name: "RegisterConnectorV2", method: post, path: "/connectorsv2/register", action: manage, handle: s.registerConnector},
		{name: "ListConnectorsV2", method: get, path: "/connectorsv2", action: read, handle: s.listConnectors},
		{name: "GetConnectorV2", method: get, path: "/connectorsv2/{ConnectorId...}", action: read, handle: s.getConnector},
		{name: "UpdateConnectorV2", method: patch, path: "/connectorsv2/{ConnectorId...}", action: manage, handle: s.updateConnector},
		{name: "DeleteConnectorV2", method: del, path: "/connectorsv2/{ConnectorId...}", action: manage, handle: s.deleteConnector},
		{name: "CreateTicketV2", method: post, path: "/ticketsv2", action: operate, handle: s.createTicket},

		{name: "CreateAggregatorV2", method: post, path: "/aggregatorv2/create", action: manage, handle: s.createAggregator},
		{name: "ListAggregatorsV2", method: get, path: "/aggregatorv2/list", action: read, handle: s.listAggregators},
		{name: "GetAggregatorV2", method: get, path: "/aggregatorv2/get/{AggregatorV2Arn...}", action: read, handle: s.getAggregator},
		{name: "UpdateAggregatorV2", method: patch, path: "/aggregatorv2/update/{AggregatorV2Arn...}", action: manage, handle: s.updateAggregator},
		{name: "DeleteAggregatorV2", method: del, path: "/aggregatorv2/delete/{AggregatorV2Arn...}", action: manage, handle: s.deleteAggregator},

		{name: "DescribeProductsV2", method: get, path: "/productsV2", action: read, handle: s.describeProducts},
		{name: "GenerateRecommendedPolicyV2", method: post, path: "/recommendedPolicyV2/{MetadataUid}", action: operate, handle: s.recommendedPolicy},
		{name: "GetRecommendedPolicyV2", method: get, path: "/recommendedPolicyV2/{MetadataUid}", action: read, handle: s.recommendedPolicy},
		{name: "ListFreeTrialStatusesV2", method: post, path: "/freetrial/statusv2/list", action: read, handle: s.listFreeTrials},

		{name: "GetRemediationsV2", method: post, path: "/GetRemediationsV2", action: read, handle: s.getRemediations},
		{name: "ListExposuresByRemediationV2", method: post, path: "/ListExposuresByRemediationV2", action: read, handle: s.listExposures},

		{name: "StartExportJobV2", method: post, path: "/exportjobsv2", action: operate, handle: s.startExport, status: http.StatusAccepted},
		{name: "ListExportJobsV2", method: get, path: "/exportjobsv2", action: read, handle: s.listExports},
		{name: "GetExportJobV2", method: get, path: "/exportjobsv2/{ExportJobId}", action: read, handle: s.getExport},
		{name: "CancelExportJobV2", method: post, path: "/exportjobsv2/{ExportJobId}/cancel", action: operate, handle: s.cancelExport},

		{name: "TagResource", method: post, path: "/tags/{ResourceArn...}", action: manage, handle: s.tagResource, words: tagWords()},
		{name: "UntagResource", method: del, path: "/tags/{ResourceArn...}", action: manage, handle: s.untagResource, words: tagWords()},
		{name: "ListTagsForResource", method: get, path: "/tags/{ResourceArn...}", action: read, handle: s.listTags, words: tagWords()},
	}
}
