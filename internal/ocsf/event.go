package ocsf

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
)

// DetailType is what Security Hub's events about findings are called in EventBridge.
const DetailType = "Findings Imported V2"

// EventVersion is that of EventBridge's envelope.
const EventVersion = "0"

// Event tells that a finding changed. Its JSON is that of an EventBridge event.
type Event struct {
	Version    string `json:"version"`
	ID         string `json:"id"`
	DetailType string `json:"detail-type"`
	Source     string `json:"source"`
	Account    string `json:"account"`
	Time       string `json:"time"`
	Region     string `json:"region"`
	// Resources has the cluster's ARN.
	Resources []string    `json:"resources"`
	Detail    EventDetail `json:"detail"`
}

// EventDetail is the event's content.
type EventDetail struct {
	// Findings has exactly one OCSF document.
	Findings []json.RawMessage `json:"findings"`
	Change   EventChange       `json:"change"`
}

// EventChange names the change that the event tells of.
type EventChange struct {
	// Number is that of the change in the change log: a later change has a higher one.
	Number int64               `json:"number"`
	Kind   exposure.ChangeKind `json:"kind"`
}

// EventID names an event: the same change gives the same ID whenever it is sent.
func EventID(finding string, number int64) string {
	return finding + ":" + strconv.FormatInt(number, 10)
}

// EventTime is the time of an event as EventBridge writes it.
func EventTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
