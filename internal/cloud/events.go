package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// eventsPutEvents is what sending events needs.
const eventsPutEvents action = "events:PutEvents"

const (
	// MaxEntries is how many events one request takes (PutEvents).
	MaxEntries = 10
	// MaxEvent bounds the entries of one request together, and so one event: 1 MB since
	// 29 January 2026 (AWS Compute Blog, "More room to build"), the smaller of the two
	// readings of MB. An event's JSON is a little more than what counts.
	MaxEvent = 1_000_000
	// timeSize is what an entry's time counts for ("Calculating PutEvents event entry size").
	timeSize = 14
)

// Bus is an EventBridge event bus that events are sent to.
type Bus struct {
	c      *Client
	client *eventbridge.Client
	name   string
}

// CheckBus reports, as fault.ErrInvalid, a name that is no event bus's.
func CheckBus(name string) error {
	if name != "" && !strings.HasPrefix(name, "arn:") {
		return nil
	}
	parsed, err := arn.Parse(name)
	if err != nil || parsed.Service != "events" || !strings.HasPrefix(parsed.Resource, "event-bus/") || !regionShape.MatchString(parsed.Region) {
		return fmt.Errorf("event bus %q: want a name such as default, or an ARN such as arn:aws:events:eu-central-1:111122223333:event-bus/security: %w", name, fault.ErrInvalid)
	}
	return nil
}

// Bus gives a bus by its ARN, or by its name in the caller's own account and region.
func (c *Client) Bus(name string) (*Bus, error) {
	if err := CheckBus(name); err != nil {
		return nil, err
	}
	cfg := c.base
	if parsed, err := arn.Parse(name); err == nil {
		cfg.Region = parsed.Region
	}
	return &Bus{c: c, client: eventbridge.NewFromConfig(cfg), name: name}, nil
}

// Deliver sends events and gives how many were taken before the first that was not.
func (b *Bus) Deliver(ctx context.Context, events []ocsf.Event) (int, error) {
	var batch []ebtypes.PutEventsRequestEntry
	size, sent := 0, 0
	for _, e := range events {
		entry, err := b.entry(e)
		if err != nil {
			return sent, err
		}
		n := entrySize(entry)
		if len(batch) == MaxEntries || len(batch) > 0 && size+n > MaxEvent {
			taken, err := b.put(ctx, batch)
			if sent += taken; err != nil {
				return sent, err
			}
			batch, size = nil, 0
		}
		batch, size = append(batch, entry), size+n
	}
	if len(batch) == 0 {
		return sent, nil
	}
	taken, err := b.put(ctx, batch)
	return sent + taken, err
}

func (b *Bus) entry(e ocsf.Event) (ebtypes.PutEventsRequestEntry, error) {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return ebtypes.PutEventsRequestEntry{}, fmt.Errorf("event %q: %w", e.ID, err)
	}
	at, err := time.Parse(time.RFC3339, e.Time)
	if err != nil {
		return ebtypes.PutEventsRequestEntry{}, fmt.Errorf("event %q: %w: %w", e.ID, err, fault.ErrInvalid)
	}
	return ebtypes.PutEventsRequestEntry{
		EventBusName: aws.String(b.name), Source: aws.String(e.Source), DetailType: aws.String(e.DetailType),
		Detail: aws.String(string(detail)), Resources: e.Resources, Time: aws.Time(at),
	}, nil
}

func entrySize(e ebtypes.PutEventsRequestEntry) int {
	size := timeSize + len(*e.Source) + len(*e.DetailType) + len(*e.Detail)
	for _, r := range e.Resources {
		size += len(r)
	}
	return size
}

// put makes one request.
func (b *Bus) put(ctx context.Context, entries []ebtypes.PutEventsRequestEntry) (int, error) {
	out, err := call(ctx, b.c, eventsPutEvents, func(ctx context.Context) (*eventbridge.PutEventsOutput, error) {
		return b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	})
	if err != nil {
		return 0, fmt.Errorf("event bus %q: %w", b.name, err)
	}
	if len(out.Entries) != len(entries) {
		return 0, fmt.Errorf("event bus %q: %w", b.name, malformed(eventsPutEvents, "not one result per event"))
	}
	for i, r := range out.Entries {
		if code := aws.ToString(r.ErrorCode); code != "" {
			return i, fmt.Errorf("event bus %q: %w", b.name, &failure{
				action: eventsPutEvents, code: code, message: clip(aws.ToString(r.ErrorMessage)), category: categoryOf(code, 0), cause: errRefused,
			})
		}
	}
	return len(entries), nil
}
