package deliver_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
	"github.com/eksposure/eksposure/internal/webhook"
)

// recorded gives OCSF documents of a real database.
type recorded struct{ db *store.DB }

func (r recorded) Document(ctx context.Context, id string) ([]byte, error) {
	f, err := r.db.Finding(ctx, id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(ocsf.Finding(f, ocsf.Options{}))
}

// Changes that a real database recorded reach a real receiver, also those of the time
// in which nobody delivered; what is repeated has the ID that it had.
func TestARealDatabaseAndARealReceiver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		var mu sync.Mutex
		var got []string
		seen := map[string]bool{}
		more := make(chan struct{}, 100)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var e ocsf.Event
			if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[e.ID] {
				return
			}
			seen[e.ID] = true
			got = append(got, strconv.FormatInt(e.Detail.Change.Number, 10)+" "+string(e.Detail.Change.Kind)+" "+e.Resources[0])
			more <- struct{}{}
		}))
		defer server.Close()
		start := func(holder string) func() {
			h, err := webhook.New(webhook.Config{
				Name: "siem", URL: server.URL, Now: time.Now, Secret: func() (string, error) { return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			_, stop := run(t, deliver.Config{
				Changes: db, Cursors: db, Documents: recorded{db}, Objects: db, Leases: db, Sinks: []deliver.Sink{h}, Holder: holder,
				Poll: 5 * time.Millisecond, Retry: time.Millisecond, Now: storetest.Now,
			})
			return stop
		}
		if err := db.MoveCursor(t.Context(), "webhook:siem", 0); err != nil {
			t.Fatal(err)
		}
		record := func(name string, kind exposure.ChangeKind) {
			ref := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: name}
			id, uid := exposure.Identity(ref)
			o := exposure.Outcome{Cluster: ref, Change: exposure.Change{Kind: kind}, Finding: &exposure.Finding{
				ID: id, UID: uid, Activity: exposure.Update, Severity: exposure.High, Status: exposure.StatusNew, Cluster: exposure.Cluster{Ref: ref},
				FirstSeen: storetest.Now(), LastSeen: storetest.Now(), CreatedAt: storetest.Now(), ModifiedAt: storetest.Now(),
			}}
			if err := db.Record(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		wait := func(n int) {
			for range n {
				select {
				case <-more:
				case <-time.After(30 * time.Second):
					t.Fatalf("not everything arrived: %v", got)
				}
			}
		}
		record("a", exposure.Created)
		first, second := start("one"), start("two")
		record("b", exposure.Created)
		record("a", exposure.Updated)
		wait(3)
		first()
		second()
		record("a", exposure.Closed)
		third := start("three")
		record("b", exposure.Updated)
		wait(2)
		third()
		arn := "arn:aws:eks:eu-central-1:111122223333:cluster/"
		want := []string{"1 created " + arn + "a", "2 created " + arn + "b", "3 updated " + arn + "a", "4 closed " + arn + "a", "5 updated " + arn + "b"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
