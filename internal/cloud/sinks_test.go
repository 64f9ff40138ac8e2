package cloud_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

const (
	sinkAccount = "777788889999"
	sinkKey     = "arn:aws:kms:eu-central-1:" + sinkAccount + ":key/11111111-2222-3333-4444-555555555555"
	sinkBus     = "arn:aws:events:eu-central-1:" + sinkAccount + ":event-bus/security"
)

// startSinks runs an estate with a bus and a bucket in Frankfurt, whose user may do
// what SinkPermissions lists, and a client of it in another region.
func startSinks(t *testing.T) (*estate.Estate, *cloud.Client) {
	t.Helper()
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	s := estate.Demo(published)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		a.Clusters = nil
		if a.ID != sinkAccount {
			continue
		}
		a.Buses = []estate.Bus{{Region: "eu-central-1", Name: "security"}}
		a.Buckets = []estate.Bucket{{Region: "eu-central-1", Name: "findings"}}
		a.Keys = append(a.Keys, estate.Key{Region: "eu-central-1", ID: "11111111-2222-3333-4444-555555555555", State: "Enabled"})
		a.Users[0].Allow = []string{"sts:GetCallerIdentity"}
		for _, p := range cloud.SinkPermissions() {
			a.Users[0].Allow = append(a.Users[0].Allow, p.Action)
		}
	}
	e := enter(t, estate.Config{Scenario: s, Images: published, Now: time.Now})
	t.Setenv("AWS_REGION", "us-east-1")
	c, err := cloud.New(t.Context(), cloud.Config{Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	return e, c
}

func event(n, size int) ocsf.Event {
	return ocsf.Event{
		ID: fmt.Sprintf("f:%d", n), DetailType: ocsf.DetailType, Source: "eksposure", Time: "2026-11-25T12:00:00Z", Resources: []string{"arn:cluster"},
		Detail: ocsf.EventDetail{
			Findings: []json.RawMessage{json.RawMessage(`{"x":"` + strings.Repeat("x", size) + `"}`)}, Change: ocsf.EventChange{Number: int64(n), Kind: "updated"},
		},
	}
}

func TestEventsReachTheBusInAsManyRequestsAsNeeded(t *testing.T) {
	e, c := startSinks(t)
	bus, err := c.Bus(sinkBus)
	if err != nil {
		t.Fatal(err)
	}
	var events []ocsf.Event
	for i := range 14 { // more than one request's number, and more than one's size
		events = append(events, event(i, 150_000*(i%3)))
	}
	if n, err := bus.Deliver(t.Context(), events); n != 14 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	var got []int64
	for _, b := range e.Events() {
		var d ocsf.EventDetail
		if err := json.Unmarshal(b.Detail, &d); err != nil || len(d.Findings) != 1 {
			t.Errorf("detail %.100s: %v", b.Detail, err)
		}
		got = append(got, d.Change.Number)
		if b.Bus != "security" || b.Source != "eksposure" || b.Type != "Findings Imported V2" || !slices.Equal(b.Resources, []string{"arn:cluster"}) {
			t.Errorf("event %+v", b)
		}
	}
	if diff := cmp.Diff([]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What SinkPermissions lists stands in the pages for people.
func TestSinkPermissionsAreDocumented(t *testing.T) {
	var pages []byte
	for _, name := range []string{"events.md", "exports.md"} {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page...)
	}
	for _, p := range cloud.SinkPermissions() {
		if p.Why == "" || !bytes.Contains(pages, []byte(`"`+p.Action+`"`)) {
			t.Errorf("%s (%s) is in neither page", p.Action, p.Why)
		}
	}
}

func TestEventsThatABusRefuses(t *testing.T) {
	e, c := startSinks(t)
	bus, err := c.Bus(sinkBus)
	if err != nil {
		t.Fatal(err)
	}
	reserved := event(2, 1)
	reserved.Source = "aws.securityhub"
	if n, err := bus.Deliver(t.Context(), []ocsf.Event{event(0, 1), event(1, 1), reserved, event(3, 1)}); n != 2 || !errors.Is(err, fault.ErrDenied) || !strings.Contains(err.Error(), "Not authorized for the source") {
		t.Errorf("source of AWS: %d, %v", n, err)
	}
	if n, err := bus.Deliver(t.Context(), []ocsf.Event{event(0, 1_200_000)}); n != 0 || !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("too large: %d, %v", n, err)
	}
	e.Inject(estate.Fault{Service: "events", Kind: estate.FaultThrottle, Times: 5})
	if n, err := bus.Deliver(t.Context(), []ocsf.Event{event(0, 1)}); n != 0 || !errors.Is(err, fault.ErrThrottled) {
		t.Errorf("throttled: %d, %v", n, err)
	}
	for _, name := range []string{"", "arn:aws:sns:eu-central-1:1:x", "arn:aws:events:eu-central-1:1:rule/x"} {
		if _, err := c.Bus(name); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("bus %q: %v", name, err)
		}
	}
}

func TestAnObjectIsWrittenInParts(t *testing.T) {
	e, c := startSinks(t)
	o, err := c.Object(t.Context(), cloud.Place{BucketARN: "arn:aws:s3:::findings", KeyARN: sinkKey, Name: "weekly/a b.csv"})
	if err != nil {
		t.Fatal(err)
	}
	upload, err := o.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("row\n"), 5<<18)
	var tags []string
	for i, body := range [][]byte{large, large, []byte("end")} {
		tag, err := o.Part(t.Context(), upload, i+1, 0, body)
		if err != nil {
			t.Fatal(err)
		}
		tags = append(tags, tag)
	}
	size := int64(2*len(large) + 3)
	for range 2 { // the second time the upload is gone, and the object there
		if err := o.Complete(t.Context(), upload, tags, size); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Complete(t.Context(), upload, tags, size+1); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an object of another size: %v", err)
	}
	body, key, _ := e.Object("findings", "weekly/a b.csv")
	if int64(len(body)) != size || key != sinkKey {
		t.Errorf("%d bytes, key %q", len(body), key)
	}
	again, err := o.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := o.Abort(t.Context(), again); err != nil {
			t.Errorf("abort: %v", err)
		}
	}
	if e.Uploads() != 0 {
		t.Errorf("%d uploads are left", e.Uploads())
	}
	published := []string{"sts:GetCallerIdentity"}
	for _, p := range cloud.SinkPermissions() {
		published = append(published, p.Action)
	}
	for _, asked := range e.Actions() {
		if !slices.Contains(published, asked) {
			t.Errorf("%s is asked for and not published", asked)
		}
	}
	if _, err := c.Object(t.Context(), cloud.Place{BucketARN: "arn:aws:s3:::none", Name: "x"}); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("no such bucket: %v", err)
	}
	if _, err := c.Object(t.Context(), cloud.Place{BucketARN: "findings", Name: "x"}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("no ARN: %v", err)
	}
}

// A refusal names the bucket and every right that is needed: S3's answer to the
// first request has no body, and so no reason.
func TestARefusedBucketSaysWhatToAllow(t *testing.T) {
	_, client := startSinks(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer refusing.Close()
	_, err := client.Object(t.Context(), cloud.Place{BucketARN: "arn:aws:s3:::nordhafen-findings", Name: "a.csv", Endpoint: refusing.URL})
	if !errors.Is(err, fault.ErrDenied) {
		t.Fatalf("Object = %v, want fault.ErrDenied", err)
	}
	for _, text := range []string{`bucket "nordhafen-findings"`, "s3:ListBucket", "s3:PutObject", "s3:AbortMultipartUpload"} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not name %s", err, text)
		}
	}
	if strings.Contains(err.Error(), "Forbidden: Forbidden") {
		t.Errorf("%q says one thing twice", err)
	}
}
