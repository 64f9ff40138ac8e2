package estate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// pageTrail is the largest page of LookupEvents (MaxResults).
	pageTrail = 50
	eksSource = "eks.amazonaws.com"
)

func (e *Estate) trailOperations() []operation {
	return []operation{{service: "cloudtrail", name: "LookupEvents", action: "cloudtrail:LookupEvents", handle: lookupEvents}}
}

// lookupEvents tells of the calls of EKS's API, the newest first.
func lookupEvents(_ context.Context, c *call) (any, error) {
	var in struct {
		Attributes []struct{ AttributeKey, AttributeValue string } `json:"LookupAttributes"`
		Start      float64                                         `json:"StartTime"`
		End        float64                                         `json:"EndTime"`
		Max        int                                             `json:"MaxResults"`
		Token      string                                          `json:"NextToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	refuse := func(code, message string) error {
		return &apiError{Code: code, Status: http.StatusBadRequest, Message: message}
	}
	switch {
	case in.Max < 0 || in.Max > pageTrail:
		return nil, refuse("InvalidMaxResultsException", fmt.Sprintf("MaxResults must be between 1 and %d", pageTrail))
	case len(in.Attributes) != 1 || in.Attributes[0].AttributeKey != "EventSource":
		return nil, refuse("InvalidLookupAttributesException", "The estate looks events up by EventSource alone.")
	case in.End != 0 && in.Start > in.End:
		return nil, refuse("InvalidTimeRangeException", "Start time must be before end time")
	}
	from, to := time.Unix(int64(in.Start), 0), time.Unix(1<<40, 0)
	if in.End != 0 {
		to = time.Unix(int64(in.End), 0)
	}
	var all []trailEvent
	for i := range c.account.Clusters {
		cl := &c.account.Clusters[i]
		for j, k := range cl.Managed {
			for at := range spread(k.Times, k.First, k.Last, from, to) {
				if cl.Region == c.region && in.Attributes[0].AttributeValue == eksSource {
					all = append(all, trailEvent{k, cl.Name, strconv.Itoa(j), at})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b trailEvent) int { return b.at.Compare(a.at) })
	part, next, err := page(all, "", in.Token, cmp.Or(in.Max, pageTrail))
	if err != nil {
		return nil, refuse("InvalidNextTokenException", "Invalid token")
	}
	events := make([]map[string]any, 0, len(part))
	for _, t := range part {
		events = append(events, t.show(c))
	}
	answer := map[string]any{"Events": events}
	if next != "" {
		answer["NextToken"] = next
	}
	return answer, nil
}

// trailEvent is one call, of a cluster.
type trailEvent struct {
	EKSCalls

	cluster, number string
	at              time.Time
}

func (t trailEvent) show(c *call) map[string]any {
	id := stableUUID(c.account.ID + t.cluster + t.number + t.at.String())
	kind := "AssumedRole"
	if !strings.Contains(t.Principal, ":assumed-role/") {
		kind = "IAMUser"
	}
	identity := map[string]any{"type": kind, "arn": t.Principal, "accountId": c.account.ID}
	if t.Principal == "" {
		identity = map[string]any{"type": "AWSService", "invokedBy": t.Source}
	}
	detail := map[string]any{
		"eventVersion": "1.11", "eventSource": eksSource, "eventName": t.Event, "eventTime": t.at.UTC().Format(time.RFC3339), "awsRegion": c.region, "eventID": id,
		"sourceIPAddress": t.Source, "userIdentity": identity, "requestParameters": map[string]any{"name": t.cluster}, "managementEvent": true, "recipientAccountId": c.account.ID,
	}
	if t.Error != "" {
		detail["errorCode"] = t.Error
	}
	text, _ := json.Marshal(detail) // strings marshal
	return map[string]any{
		"EventId": id, "EventName": t.Event, "EventSource": eksSource, "EventTime": t.at.Unix(), "ReadOnly": strconv.FormatBool(strings.HasPrefix(t.Event, "Describe")),
		"Username": t.Principal[strings.LastIndexByte(t.Principal, '/')+1:], "CloudTrailEvent": string(text),
	}
}
