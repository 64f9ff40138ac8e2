package native

import (
	"context"
	"net/http"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/search"
)

func (s *service) exportOperations() []operation {
	id := param{name: "id", inPath: true, doc: "ID of the export.", shape: `^[0-9A-Za-z_-]{1,64}$`}
	return []operation{
		{
			name: "StartFolderExport", method: http.MethodPost, path: "/exports", action: access.Operate, group: "exports",
			summary:     "Write findings into a file in the server's export folder (setting exports.dir).",
			description: "Answers at once; GetExport tells the progress and the file. One export per caller runs at a time. To S3 they go by AWS's StartExportJobV2, which lists and cancels these too.",
			body:        FolderExport{}, status: http.StatusAccepted, answer: Export{}, handle: s.startExport,
		},
		{
			name: "GetExport", method: http.MethodGet, path: "/exports/{id}", action: access.Read, group: "exports",
			summary: "Get the progress of an export of yours.", params: []param{id}, answer: Export{}, handle: s.getExport,
		},
		{
			name: "CancelExport", method: http.MethodDelete, path: "/exports/{id}", action: access.Operate, group: "exports",
			summary: "Cancel an export of yours that runs.", params: []param{id}, handle: s.cancelExport,
		},
	}
}

// FolderExport says what to export.
type FolderExport struct {
	Format  export.Format  `json:"format" doc:"CSV or OCSF_JSON, which is one OCSF document per line."`
	Filters search.Filters `json:"filters,omitzero" doc:"Filters as in GetFindingsV2; left out: all findings of your scope."`
	Fields  []string       `json:"fields,omitempty" doc:"Columns of CSV, as OCSF paths; at most 50; left out: metadata.uid, severity, status, finding_info.title, cloud.account.uid, cloud.region, resources.uid, finding_info.created_time_dt. OCSF_JSON takes none."`
	Name    string         `json:"name,omitempty" doc:"Name for people."`
}

// Export is where an export is.
type Export struct {
	ID        string        `json:"id" doc:"ID of the export."`
	Status    export.Status `json:"status" doc:"RUNNING, SUCCEEDED, FAILED or CANCELLED."`
	StartedAt time.Time     `json:"started_at" doc:"When it was started."`
	EndedAt   time.Time     `json:"ended_at,omitzero" doc:"When it ended; left out while it runs."`
	File      string        `json:"file" doc:"Path of the file in the folder; it is there when the export has succeeded."`
	Rows      int64         `json:"rows" doc:"Findings written so far."`
	Bytes     int64         `json:"bytes" doc:"Bytes written so far."`
	Problem   string        `json:"problem,omitempty" doc:"Why it failed."`
}

func exportOf(j export.Job) Export {
	return Export{
		ID: j.ID, Status: j.Status, StartedAt: j.StartedAt, EndedAt: j.EndedAt, File: j.Object, Rows: j.Progress.Rows, Bytes: j.Progress.Bytes, Problem: j.FailureMessage,
	}
}

// standardFields are the columns of CSV when none are asked for.
func standardFields() []string {
	return []string{
		"metadata.uid", "severity", "status", "finding_info.title", "cloud.account.uid", "cloud.region", "resources.uid", "finding_info.created_time_dt",
	}
}

func (s *service) startExport(ctx context.Context, q *request) (any, error) {
	body, _ := q.body.(*FolderExport)
	if body.Format == export.CSV && len(body.Fields) == 0 {
		body.Fields = standardFields()
	}
	j, err := s.cfg.Exports.Start(ctx, export.Request{
		Account: q.caller.ID, By: q.caller.Principal, Name: body.Name, Destination: export.Destination{Folder: true},
		Output: export.Output{Format: body.Format, Filters: body.Filters, Fields: body.Fields},
	})
	if err != nil {
		return nil, err
	}
	return exportOf(j), q.caller.Note(j.ID, nil, body)
}

func (s *service) getExport(ctx context.Context, q *request) (any, error) {
	j, err := s.cfg.Exports.Get(ctx, q.caller.ID, q.text("id"))
	if err != nil {
		return nil, err
	}
	return exportOf(j), nil
}

func (s *service) cancelExport(ctx context.Context, q *request) (any, error) {
	if err := q.caller.Note(q.text("id"), nil, nil); err != nil {
		return nil, err
	}
	return nil, s.cfg.Exports.Cancel(ctx, q.caller.ID, q.text("id"))
}
