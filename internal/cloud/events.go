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
	// maxEntries is how many events one request takes (PutEvents).
	maxEntries = 10
	// maxRequest bounds the entries of one request together: 1 MB since 29 January 2026
	// (AWS Compute Blog, "More room to build"), the smaller of the two readings of MB.
	maxRequest = 1_000_000
	// timeSize is what an entry's time counts for ("Calculating PutEvents event entry size").
	timeSize = 14
)

// Bus is an EventBridge event bus that events are sent to.
type Bus struct {
	c      *Client
	client *eventbridge.Client
	name   string
}

// Bus gives a bus by its ARN, or by its name in the caller's own account and region.
func (c *Client) Bus(name string) (*Bus, error) {
	cfg := c.base
	if strings.HasPrefix(name, "arn:") {
		parsed, err := arn.Parse(name)
		if err != nil || parsed.Service != "events" || !strings.HasPrefix(parsed.Resource, "event-bus/") || !regionShape.MatchString(parsed.Region) {
			return nil, fmt.Errorf("event bus %q: want a name, or an ARN such as arn:aws:events:eu-central-1:111122223333:event-bus/security: %w", name, fault.ErrInvalid)
		}
		cfg.Region = parsed.Region
	}
	if name == "" {
		return nil, fmt.Errorf("event bus has no name; the account's own is called default: %w", fault.ErrInvalid)
	}
	return &Bus{c: c, client: eventbridge.NewFromConfig(cfg), name: name}, nil
}

// Name is that of the sink.
func (b *Bus) Name() string { return "eventbridge:" + b.name }

// Batch is how many events are sent at once.
func (b *Bus) Batch() int { return maxEntries }

// MaxEvent is the largest event in bytes of JSON; what counts for EventBridge is a
// little less.
func (b *Bus) MaxEvent() int { return maxRequest }

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
		if len(batch) == maxEntries || len(batch) > 0 && size+n > maxRequest {
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
