package export

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// Bounds of the API Reference (StartExportJobV2).
const (
	maxPrefix = 512
	maxFields = 50
	maxToken  = 63
)

// Status is where a job is.
type Status string

// The statuses.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	Cancelled Status = "CANCELLED"
)

// Format is what the file is.
type Format string

// The formats.
const (
	// CSV has a header and one row per finding, with the selected fields.
	CSV Format = "CSV"
	// OCSFJSON has one OCSF document per line.
	OCSFJSON Format = "OCSF_JSON"
)

// S3 is a place in a bucket.
type S3 struct {
	BucketARN string `json:"bucket_arn"`
	// KeyARN is that of the KMS key that encrypts the object; empty leaves it to the bucket.
	KeyARN string `json:"kms_key_arn,omitempty"`
	Prefix string `json:"object_prefix,omitempty"`
}

// Destination is where the file goes: to S3, or into the folder of the settings.
type Destination struct {
	S3     *S3  `json:"s3,omitempty"`
	Folder bool `json:"folder,omitempty"`
}

// Output is what is exported.
type Output struct {
	Format  Format         `json:"format"`
	Filters search.Filters `json:"filters"`
	// Fields are the columns of CSV, as OCSF paths.
	Fields []string `json:"selected_fields,omitempty"`
}

// Request asks for an export.
type Request struct {
	// Account is whose job it is: each has one that runs, and sees its own.
	Account string
	// By is who asks; the export holds what they may see.
	By          access.Principal
	Name        string
	Destination Destination
	Output      Output
	// Scopes are kept to be told again.
	Scopes json.RawMessage
	// ClientToken makes the request idempotent when it is not empty.
	ClientToken string
}

// Job is an export.
type Job struct {
	ID          string           `json:"id"`
	Account     string           `json:"account"`
	By          access.Principal `json:"by"`
	Name        string           `json:"name,omitempty"`
	Destination Destination      `json:"destination"`
	Output      Output           `json:"output"`
	Scopes      json.RawMessage  `json:"scopes,omitempty"`
	Status      Status           `json:"status"`
	StartedAt   time.Time        `json:"started_at"`
	EndedAt     time.Time        `json:"ended_at,omitzero"`
	// FailureCode is the name of a category of faults, such as denied.
	FailureCode    string `json:"failure_code,omitempty"`
	FailureMessage string `json:"failure_message,omitempty"`
	// Object is the file's name: the key in the bucket, or the path in the folder.
	Object   string   `json:"object"`
	Progress Progress `json:"progress"`
	// State is where the work goes on after a crash.
	State State `json:"state"`
}

// Progress is what has been written so far.
type Progress struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

// State is how far the writer is.
type State struct {
	Upload string   `json:"upload,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	// Page is the token of the next page; All says that there is none.
	Page string `json:"page,omitempty"`
	All  bool   `json:"all,omitempty"`
}

var (
	nameShape   = regexp.MustCompile(`^[A-Za-z0-9 ._,:()/+-]{1,256}$`)
	bucketShape = regexp.MustCompile(`^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	keyShape    = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
)

// moreFields are columns beyond those that can be filtered by: two of AWS's own
// list of export fields, and plain members of the document.
func moreFields() []string {
	return []string{
		"vulnerabilities.cve.cvss.vendor_name", "vulnerabilities.cve.cvss.version", "impact", "likelihood", "time_dt", "metadata.version",
	}
}

// Validate reports the first thing that is wrong with a request, as fault.ErrInvalid.
func (r *Request) Validate() error {
	if r.Name != "" && !nameShape.MatchString(r.Name) {
		return fmt.Errorf("the name has to be 1 to 256 letters, digits, spaces and . _ , : ( ) / + -: %w", fault.ErrInvalid)
	}
	if len(r.ClientToken) > maxToken {
		return fmt.Errorf("the ClientToken has %d characters: want 1 to %d: %w", len(r.ClientToken), maxToken, fault.ErrInvalid)
	}
	if err := r.Destination.validate(); err != nil {
		return err
	}
	return r.Output.validate()
}

func (d Destination) validate() error {
	if (d.S3 != nil) == d.Folder {
		return fmt.Errorf("the Destination has to be exactly one: S3 or the folder: %w", fault.ErrInvalid)
	}
	if d.Folder {
		return nil
	}
	switch {
	case !bucketShape.MatchString(d.S3.BucketARN):
		return fmt.Errorf("the S3.BucketArn is %q: want an ARN such as arn:aws:s3:::bucket: %w", d.S3.BucketARN, fault.ErrInvalid)
	case d.S3.KeyARN != "" && !keyShape.MatchString(d.S3.KeyARN):
		return fmt.Errorf("the S3.KmsKeyArn is %q: want the full ARN of a key: %w", d.S3.KeyARN, fault.ErrInvalid)
	case len(d.S3.Prefix) > maxPrefix:
		return fmt.Errorf("the S3.ObjectPrefix has %d characters: want at most %d: %w", len(d.S3.Prefix), maxPrefix, fault.ErrInvalid)
	}
	return nil
}

func (o *Output) validate() error {
	switch o.Format {
	case CSV:
		if n := len(o.Fields); n < 1 || n > maxFields {
			return fmt.Errorf("format CSV has %d selected fields: want 1 to %d: %w", n, maxFields, fault.ErrInvalid)
		}
	case OCSFJSON:
		if len(o.Fields) > 0 {
			return fmt.Errorf("format OCSF_JSON takes no selected fields; it has whole findings: %w", fault.ErrInvalid)
		}
	default:
		return fmt.Errorf("the format is %q: want CSV or OCSF_JSON: %w", o.Format, fault.ErrInvalid)
	}
	seen := map[string]bool{}
	for _, more := range moreFields() {
		seen[more] = false
	}
	for i, field := range o.Fields {
		_, known := search.FindingSchema().Kind(field)
		used, more := seen[field]
		if !known && !more {
			return fmt.Errorf("selected field %d is %q, which is no field of findings: %w", i+1, field, fault.ErrInvalid)
		}
		if used {
			return fmt.Errorf("selected field %d repeats %q: %w", i+1, field, fault.ErrInvalid)
		}
		seen[field] = true
	}
	return o.Filters.Validate(search.FindingSchema(), search.Exporting)
}

// object is the name of a job's file.
func object(d Destination, o Output, id string) string {
	name := "eksposure-findings-" + id + ".csv"
	if o.Format == OCSFJSON {
		name = "eksposure-findings-" + id + ".ndjson"
	}
	if d.S3 == nil || d.S3.Prefix == "" {
		return name
	}
	return strings.TrimSuffix(d.S3.Prefix, "/") + "/" + name
}
