package native

import (
	"context"
	"encoding/json"
)

// operations is the table of operations. Without all, those whose part is not there
// are left out.
func (s *service) operations(all choice) []operation {
	var ops []operation
	add := func(there bool, more []operation) {
		if there || all == everything {
			ops = append(ops, more...)
		}
	}
	c := s.cfg
	add(c.Clusters != nil, s.clusterOperations())
	add(c.Findings != nil, s.findingOperations())
	add(c.Findings != nil, s.traitOperations())
	add(c.Images != nil, s.imageOperations())
	add(c.Images != nil, s.vulnerabilityOperations())
	add(c.Images != nil && c.Reports != nil, s.reportOperations())
	add(c.Scans != nil, s.scanOperations())
	add(c.Events != nil, s.eventOperations())
	add(c.Sinks != nil, s.sinkOperations())
	add(c.Rules != nil, s.ruleOperations())
	add(c.Exports != nil, s.exportOperations())
	add(c.Plans != nil, s.planOperations())
	add(c.Plans != nil, s.fleetPlanOperations())
	add(c.Keys != nil, s.keyOperations())
	add(c.Audit != nil, s.auditOperations())
	add(c.Settings != nil, s.settingOperations())
	add(c.Preferences != nil, s.preferenceOperations())
	add(true, s.aboutOperations())
	return ops
}

// choice says which operations are meant.
type choice bool

// The choices.
const (
	everything choice = true
	offered    choice = false
)

func (s *service) openAPI(context.Context, *request) (any, error) {
	return json.RawMessage(s.document), nil
}
