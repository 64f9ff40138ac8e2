package deliver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/webhook"
)

// A real receiver that answers 500, then breaks the connection after it has taken
// an event, gets everything in order; repeats have the IDs that it knows.
func TestAWebhookThatFailsGetsEverythingInOrder(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	var order []string
	requests, repeats := 0, 0
	all := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		requests++
		if requests <= 3 {
			http.Error(rw, "not yet", http.StatusInternalServerError)
			return
		}
		var e ocsf.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		if seen[e.ID] {
			repeats++
		} else {
			seen[e.ID] = true
			order = append(order, e.ID)
		}
		if requests == 6 {
			panic(http.ErrAbortHandler) // taken, but the answer never arrives
		}
		if len(order) == 5 && e.ID == "x:5" {
			close(all)
		}
	}))
	defer server.Close()
	h, err := webhook.New(webhook.Config{
		Name: "siem", URL: server.URL, Now: time.Now, Secret: func() (string, error) { return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.cursors["webhook:siem"] = 0
	for range 5 {
		w.change("x")
	}
	_, stop := run(t, w.config(h))
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		t.Fatal("not everything arrived")
	}
	stop()
	if diff := cmp.Diff([]string{"x:1", "x:2", "x:3", "x:4", "x:5"}, order); diff != "" || repeats == 0 {
		t.Errorf("%d repeats (-want +got):\n%s", repeats, diff)
	}
}
