package estate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxEntries and maxEntriesSize bound a PutEvents request: the API reference, and
// "Amazon EventBridge now supports event payloads up to 1 MB" (29 January 2026).
const (
	maxEntries     = 10
	maxEntriesSize = 1 << 20
	// timeSize is what a time counts for ("Calculating PutEvents event entry size").
	timeSize = 14
)

// maxEvents bounds what is remembered of events.
const maxEvents = 10_000

// BusEvent is an event that a bus took.
type BusEvent struct {
	Account, Region, Bus   string
	ID, Source, Type, Time string
	Resources              []string
	Detail                 json.RawMessage
}

// Events returns what buses have taken so far, in order.
func (e *Estate) Events() []BusEvent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.events)
}

func (e *Estate) eventOperations() []operation {
	return []operation{{
		service: "events", name: "PutEvents", action: "events:PutEvents", handle: e.putEvents,
		resource: func(c *call) string {
			return "arn:aws:events:" + c.region + ":" + c.account.ID + ":event-bus/default"
		},
	}}
}

// entry is one PutEventsRequestEntry.
type entry struct {
	Time         json.RawMessage
	Source       string
	DetailType   string
	Detail       string
	Resources    []string
	EventBusName string
}

func (n entry) size() int {
	size := len(n.Source) + len(n.DetailType) + len(n.Detail)
	for _, r := range n.Resources {
		size += len(r)
	}
	if n.Time != nil {
		size += timeSize
	}
	return size
}

func (e *Estate) putEvents(_ context.Context, c *call) (any, error) {
	var in struct{ Entries []entry }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	refuse := func(message string) (any, error) {
		return nil, &apiError{Code: "ValidationException", Status: http.StatusBadRequest, Message: message}
	}
	if n := len(in.Entries); n < 1 || n > maxEntries {
		return refuse(fmt.Sprintf("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and %d", maxEntries))
	}
	size := 0
	for _, n := range in.Entries {
		size += n.size()
	}
	if size > maxEntriesSize {
		return refuse("Total size of the entries in the request is over the limit.")
	}
	failed := 0
	answers := make([]map[string]any, 0, len(in.Entries))
	for _, n := range in.Entries {
		code, message := e.refusal(c, n)
		if code != "" {
			failed++
			answers = append(answers, map[string]any{"ErrorCode": code, "ErrorMessage": message})
			continue
		}
		answers = append(answers, map[string]any{"EventId": e.take(c, n)})
	}
	return map[string]any{"FailedEntryCount": failed, "Entries": answers}, nil
}

// refusal is what is wrong with one entry, in the codes of PutEventsResultEntry.
func (e *Estate) refusal(c *call, n entry) (code, message string) {
	for _, part := range []struct{ name, value string }{{"Source", n.Source}, {"DetailType", n.DetailType}, {"Detail", n.Detail}} {
		if part.value == "" {
			return "InvalidArgument", fmt.Sprintf("Parameter %s is not valid. Reason: %s is a required argument.", part.name, part.name)
		}
	}
	if strings.HasPrefix(n.Source, "aws.") {
		return "NotAuthorizedForSourceException", "Not authorized for the source."
	}
	var object map[string]any
	if json.Unmarshal([]byte(n.Detail), &object) != nil {
		return "MalformedDetail", "Detail is malformed."
	}
	bus := busName(n.EventBusName)
	if bus != "default" && !slices.Contains(c.account.Buses, Bus{Region: c.region, Name: bus}) {
		return "InvalidArgument", "Event bus " + bus + " does not exist."
	}
	return "", ""
}

// busName takes the name out of an ARN.
func busName(name string) string {
	if _, rest, ok := strings.Cut(name, ":event-bus/"); ok {
		name = rest
	}
	if name == "" {
		return "default"
	}
	return name
}

func (e *Estate) take(c *call, n entry) string {
	id := stableUUID(randomText(16))
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.events) < maxEvents {
		e.events = append(e.events, BusEvent{
			Account: c.account.ID, Region: c.region, Bus: busName(n.EventBusName), ID: id, Source: n.Source, Type: n.DetailType,
			Time: strings.Trim(string(n.Time), `"`), Resources: n.Resources, Detail: json.RawMessage(n.Detail),
		})
	}
	return id
}
