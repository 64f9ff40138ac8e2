package deliver

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// event tells of a change, with the finding as it is now; at most limit bytes of
// JSON. A finding that is gone is fault.ErrNotFound, one that cannot be made small
// enough fault.ErrInvalid.
func (d *Deliverer) event(ctx context.Context, c exposure.LoggedChange, limit int) (ocsf.Event, error) {
	document, err := d.cfg.Documents.Document(ctx, c.Finding)
	if err != nil {
		return ocsf.Event{}, err
	}
	e := ocsf.Event{
		Version: ocsf.EventVersion, ID: ocsf.EventID(c.Finding, c.Number), DetailType: ocsf.DetailType, Source: d.cfg.Source,
		Account: c.Cluster.Account, Region: c.Cluster.Region, Time: ocsf.EventTime(c.At), Resources: []string{c.Cluster.String()},
		Detail: ocsf.EventDetail{Change: ocsf.EventChange{Number: c.Number, Kind: c.Kind}},
	}
	e.Detail.Findings = []json.RawMessage{json.RawMessage("{}")}
	envelope, err := json.Marshal(e)
	if err != nil {
		return e, fmt.Errorf("event %q: %w", e.ID, err)
	}
	document, err = trim(document, limit-len(envelope))
	if err != nil {
		return e, fmt.Errorf("event %q: %w", e.ID, err)
	}
	e.Detail.Findings[0] = document
	return e, nil
}

// trimmed are the parts of a document that are left out, one after the other, until
// it fits: first what only eksposure knows, last what says what to do. Of resources
// the first, which is the cluster, stays.
func trimmed() [][]string {
	return [][]string{
		{"unmapped", "eksposure", "traits"},
		{"unmapped", "eksposure", "cluster"},
		{"unmapped", "eksposure", "gaps"},
		{"unmapped", "eksposure", "topics"},
		{"unmapped", "eksposure", "fix_sets"},
		{"resource_relationship"},
		{"vulnerabilities"},
		{"resources"},
		{"finding_info", "related_events"},
		{"remediation"},
	}
}

// leftOut is the member of unmapped.eksposure that names what a trimmed document lacks.
const leftOut = "left_out"

// trim makes a document fit, and says in it what was left out.
func trim(document []byte, limit int) ([]byte, error) {
	if len(document) <= limit {
		return document, nil
	}
	size := len(document)
	var d map[string]json.RawMessage
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("finding is no JSON object: %w: %w", err, fault.ErrInvalid)
	}
	var names []string
	for _, path := range trimmed() {
		name, ok, err := without(d, path)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		names = append(names, name)
		if err := note(d, names); err != nil {
			return nil, err
		}
		if document, err = json.Marshal(d); err != nil {
			return nil, fmt.Errorf("trim finding: %w", err)
		}
		if len(document) <= limit {
			return document, nil
		}
	}
	return nil, fmt.Errorf("finding of %d bytes does not fit into the sink's limit, also without %v: %w", size, names, fault.ErrInvalid)
}

// without removes what a path leads to and gives its name.
func without(d map[string]json.RawMessage, path []string) (string, bool, error) {
	head := path[0]
	part, ok := d[head]
	if !ok {
		return "", false, nil
	}
	if len(path) > 1 {
		var inner map[string]json.RawMessage
		if err := json.Unmarshal(part, &inner); err != nil {
			return "", false, fmt.Errorf("member %s is no JSON object: %w: %w", head, err, fault.ErrInvalid)
		}
		name, ok, err := without(inner, path[1:])
		if err != nil || !ok {
			return "", false, err
		}
		whole, err := json.Marshal(inner)
		d[head] = whole
		return head + "." + name, true, err
	}
	if head != "resources" {
		delete(d, head)
		return head, true, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(part, &list); err != nil || len(list) < 2 {
		return "", false, nil //nolint:nilerr // a list of another form is not ours to cut
	}
	first, err := json.Marshal(list[:1])
	d[head] = first
	return "resources but the first", true, err
}

// note writes into the document what it lacks.
func note(d map[string]json.RawMessage, names []string) error {
	unmapped, extra := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if part, ok := d["unmapped"]; ok {
		if err := json.Unmarshal(part, &unmapped); err != nil {
			return fmt.Errorf("member unmapped is no JSON object: %w: %w", err, fault.ErrInvalid)
		}
	}
	if part, ok := unmapped["eksposure"]; ok {
		if err := json.Unmarshal(part, &extra); err != nil {
			return fmt.Errorf("member unmapped.eksposure is no JSON object: %w: %w", err, fault.ErrInvalid)
		}
	}
	list, err := json.Marshal(names)
	if err != nil {
		return err
	}
	extra[leftOut] = list
	if unmapped["eksposure"], err = json.Marshal(extra); err != nil {
		return err
	}
	d["unmapped"], err = json.Marshal(unmapped)
	return err
}
