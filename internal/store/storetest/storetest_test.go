package storetest_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// Every database is fresh, also one after the other on the same server.
func TestEach(t *testing.T) {
	for range 2 {
		storetest.Each(t, func(t *testing.T, db *store.DB) {
			if found, err := db.Findings(t.Context(), exposure.Query{Closed: true}); err != nil || len(found) != 0 {
				t.Errorf("a fresh database has %d findings, %v", len(found), err)
			}
		})
	}
}
