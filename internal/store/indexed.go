package store

import (
	"encoding/json"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// indexed is a finding made ready for the index.
type indexed struct {
	finding *exposure.Finding
	words   map[int64][]string
	amounts map[int64][]float64
	// scalars are the columns of entries from severity to modified, in order.
	scalars [scalars]int64
	// series and profile are empty when it is closed.
	series, profile string
	page            []byte
}

// The columns of entries that are whole numbers, in the order of the statement
// that writes them.
const (
	scalarSeverity = iota
	scalarComputed
	scalarStatus
	scalarActivity
	scalarEvents
	scalarCreated
	scalarFirstSeen
	scalarLastSeen
	scalarModified
	scalars
)

// scalarFields are the fields that a move of a scalar is a move of.
func scalarFields() [scalars]string {
	return [scalars]string{
		"severity_id", "vendor_attributes.severity_id", "status_id", "activity_id", "finding_info.related_events_count",
		"finding_info.created_time_dt", "finding_info.first_seen_time_dt", "finding_info.last_seen_time_dt", "finding_info.modified_time_dt",
	}
}

// indexOf makes a finding ready for the index; document is the finding in JSON.
func (db *DB) indexOf(f *exposure.Finding, document []byte) (*indexed, error) {
	page, text, err := db.page(f, document)
	if err != nil {
		return nil, err
	}
	d := ocsf.Finding(f, db.ocsf)
	x := &indexed{finding: f, page: pack(page), scalars: [scalars]int64{
		int64(d.SeverityID), int64(d.VendorAttributes.SeverityID), int64(d.StatusID), int64(d.ActivityID), int64(d.FindingInfo.RelatedEventsCount),
		d.FindingInfo.CreatedTime, d.FindingInfo.FirstSeenTime, d.FindingInfo.LastSeenTime, d.FindingInfo.ModifiedTime,
	}}
	if f.Open() {
		if x.series, err = seriesOf(d); err != nil {
			return nil, err
		}
	}
	if x.profile, err = profileText(f); err != nil {
		return nil, err
	}
	values := db.findings.read.read(text)
	x.words, x.amounts = db.findings.wordsOf(values), db.findings.amountsOf(values)
	return x, nil
}

// seriesOf writes what finding trends are filtered by, as a document of its own.
func seriesOf(d ocsf.Document) (string, error) {
	type object = map[string]any
	var resources []object
	met := map[[3]string]bool{}
	for _, r := range d.Resources {
		key := [3]string{r.Provider, r.Region, r.Owner.Account.UID}
		if !met[key] {
			met[key] = true
			resources = append(resources, object{"provider": r.Provider, "region": r.Region, "owner": object{"account": object{"uid": r.Owner.Account.UID}}})
		}
	}
	text, err := json.Marshal(object{
		"cloud":        object{"account": object{"uid": d.Cloud.Account.UID}, "region": d.Cloud.Region},
		"finding_info": object{"types": d.FindingInfo.Types}, "resources": resources,
		"severity": d.Severity, "status": d.Status, "activity_name": d.ActivityName, "class_name": d.ClassName,
		"metadata": object{"product": object{"name": d.Metadata.Product.Name}},
	})
	return string(text), err
}

// dayOf is the day of a time, counted from 1970.
func dayOf(at time.Time) int64 { return at.UTC().Unix() / int64((24 * time.Hour).Seconds()) }
