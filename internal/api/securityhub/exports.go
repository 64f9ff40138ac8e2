package securityhub

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/search"
)

// findingsData is the one DataType of exports.
const findingsData = "FINDINGS"

// jobID is the form of ExportJobId (API Reference).
var jobID = regexp.MustCompile(`^[a-z0-9]{1,64}$`)

type exportDestination struct {
	S3 *s3Destination `json:"S3,omitempty"`
}

type s3Destination struct {
	BucketArn    string `json:"BucketArn"`
	KmsKeyArn    string `json:"KmsKeyArn"`
	ObjectPrefix string `json:"ObjectPrefix,omitempty"`
}

type exportOutput struct {
	Findings *findingsOutput `json:"Findings,omitempty"`
}

type findingsOutput struct {
	Format         export.Format   `json:"Format"`
	Filters        *search.Filters `json:"Filters,omitempty"`
	SelectedFields []string        `json:"SelectedFields,omitempty"`
}

type startExportRequest struct {
	Name                string
	Destination         exportDestination
	OutputConfiguration exportOutput
	Scopes              *scopes
	ClientToken         string
}

type exportIDAnswer struct {
	ExportJobID string        `json:"ExportJobId"`
	Status      export.Status `json:"Status,omitempty"`
}

func (s *routes) startExport(c *call) (any, error) {
	var in startExportRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	r := export.Request{
		// Each caller has one job that runs, as each account has in AWS.
		Account: c.caller.ID, By: c.caller.Principal, Name: in.Name, ClientToken: in.ClientToken,
	}
	if in.Destination.S3 == nil {
		return nil, invalid("Destination", "want S3")
	}
	to := in.Destination.S3
	if err := filled("Destination.S3.BucketArn", to.BucketArn, "Destination.S3.KmsKeyArn", to.KmsKeyArn); err != nil {
		return nil, err
	}
	r.Destination.S3 = &export.S3{BucketARN: to.BucketArn, KeyARN: to.KmsKeyArn, Prefix: to.ObjectPrefix}
	if in.OutputConfiguration.Findings == nil {
		return nil, invalid("OutputConfiguration", "want Findings")
	}
	out := in.OutputConfiguration.Findings
	r.Output = export.Output{Format: out.Format, Filters: deref(out.Filters), Fields: out.SelectedFields}
	if err := hub.CheckScopes(c.caller.Principal, deref(in.Scopes).AwsOrganizations); err != nil {
		return nil, err
	}
	j, err := s.exports.Start(c.Context(), r)
	if err != nil {
		return nil, err
	}
	return exportIDAnswer{ExportJobID: j.ID}, c.caller.Note(j.ID, nil, in)
}

type exportSummary struct {
	ExportJobID         string            `json:"ExportJobId"`
	Name                string            `json:"Name,omitempty"`
	Status              export.Status     `json:"Status"`
	DataType            string            `json:"DataType"`
	OutputConfiguration exportOutput      `json:"OutputConfiguration"`
	Destination         exportDestination `json:"Destination"`
	FailureCode         string            `json:"FailureCode,omitempty"`
	FailureMessage      string            `json:"FailureMessage,omitempty"`
	StartedAt           timestamp         `json:"StartedAt"`
	EndedAt             *timestamp        `json:"EndedAt,omitempty"`
	Scopes              json.RawMessage   `json:"Scopes,omitempty"`
}

// summaryOf gives a job as lists have it: without filters and fields.
func summaryOf(j export.Job) exportSummary {
	out := exportSummary{
		ExportJobID: j.ID, Name: j.Name, Status: j.Status, DataType: findingsData, Scopes: j.Scopes,
		OutputConfiguration: exportOutput{&findingsOutput{Format: j.Output.Format}}, StartedAt: timestamp(j.StartedAt), EndedAt: stamp(j.EndedAt),
	}
	if to := j.Destination.S3; to != nil {
		out.Destination.S3 = &s3Destination{to.BucketARN, to.KeyARN, to.Prefix}
	}
	if j.Status == export.Failed {
		out.FailureCode, out.FailureMessage = failureCode(j.FailureCode), j.FailureMessage
	}
	return out
}

// failureCode gives AWS's code of a failed export.
func failureCode(category string) string {
	for _, c := range fault.Categories() {
		switch {
		case c.Name != category:
		case c.Err == fault.ErrDenied: //nolint:errorlint // the table's own sentinels
			return "ACCESS_DENIED"
		case c.Err == fault.ErrNotFound: //nolint:errorlint // the same
			return "RESOURCE_NOT_FOUND"
		}
	}
	return "INTERNAL_ERROR"
}

// stamp gives a time for an optional member; nil for no time.
func stamp(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	return new(timestamp(t))
}

func (s *routes) getExport(c *call) (any, error) {
	id, err := c.jobID()
	if err != nil {
		return nil, err
	}
	j, err := s.exports.Get(c.Context(), c.caller.ID, id)
	if err != nil {
		return nil, err
	}
	out := summaryOf(j)
	out.OutputConfiguration.Findings.SelectedFields = j.Output.Fields
	if len(j.Output.Filters.CompositeFilters) > 0 {
		out.OutputConfiguration.Findings.Filters = &j.Output.Filters
	}
	return out, nil
}

type listExportsAnswer struct {
	Items     []exportSummary `json:"Items"`
	NextToken string          `json:"NextToken,omitempty"`
}

func (s *routes) listExports(c *call) (any, error) {
	size, token, err := c.page(export.MaxList)
	if err != nil {
		return nil, err
	}
	status, err := c.choice("Status", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED")
	if err != nil {
		return nil, err
	}
	if _, err := c.choice("DataType", findingsData); err != nil {
		return nil, err
	}
	jobs, next, err := s.exports.List(c.Context(), export.ListRequest{Account: c.caller.ID, Status: export.Status(status), Limit: size, Token: token})
	if err != nil {
		return nil, err
	}
	out := listExportsAnswer{Items: []exportSummary{}, NextToken: next}
	for _, j := range jobs {
		out.Items = append(out.Items, summaryOf(j))
	}
	return out, nil
}

func (s *routes) cancelExport(c *call) (any, error) {
	id, err := c.jobID()
	if err != nil {
		return nil, err
	}
	if err := s.exports.Cancel(c.Context(), c.caller.ID, id); err != nil {
		return nil, err
	}
	return exportIDAnswer{id, export.Cancelled}, c.caller.Note(id, nil, nil)
}

func (c *call) jobID() (string, error) {
	id := c.PathValue("ExportJobId")
	if !jobID.MatchString(id) {
		return "", fmt.Errorf("no export job %q: %w", id, fault.ErrNotFound)
	}
	return id, nil
}
