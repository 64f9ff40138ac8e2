package store_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

func TestObjects(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		kept := func(kind string) string {
			t.Helper()
			list, err := db.Objects(t.Context(), kind)
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, document := range list {
				texts = append(texts, string(document))
			}
			return strings.Join(texts, " ")
		}
		for _, step := range []struct {
			name  string
			do    func() error
			fault error
			kept  string
		}{
			{"delete what is not there", func() error { return db.DeleteObject(t.Context(), "rule", "a") }, fault.ErrNotFound, ""},
			{"add", func() error { return db.AddObject(t.Context(), "rule", "b", []byte("b1")) }, nil, "b1"},
			{"add what is there", func() error { return db.AddObject(t.Context(), "rule", "b", []byte("b2")) }, fault.ErrConflict, "b1"},
			{"the same ID of another kind", func() error { return db.AddObject(t.Context(), "key", "b", []byte("k")) }, nil, "b1"},
			{"put a new one, before the other", func() error { return db.PutObject(t.Context(), "rule", "B", []byte("B1")) }, nil, "B1 b1"},
			{"put over it", func() error { return db.PutObject(t.Context(), "rule", "B", []byte("B2")) }, nil, "B2 b1"},
			{"replace", func() error { return db.ReplaceObject(t.Context(), "rule", "B", []byte("B2"), []byte("B3")) }, nil, "B3 b1"},
			{"replace what was changed", func() error { return db.ReplaceObject(t.Context(), "rule", "B", []byte("B2"), []byte("B4")) }, fault.ErrConflict, "B3 b1"},
			{"replace what is not there", func() error { return db.ReplaceObject(t.Context(), "rule", "c", []byte("c1"), []byte("c2")) }, fault.ErrConflict, "B3 b1"},
			{"delete", func() error { return db.DeleteObject(t.Context(), "rule", "B") }, nil, "b1"},
		} {
			if err := step.do(); !errors.Is(err, step.fault) {
				t.Errorf("%s: %v", step.name, err)
			}
			if got := kept("rule"); got != step.kept {
				t.Errorf("%s: kept %q, want %q", step.name, got, step.kept)
			}
		}
		if got, err := db.Object(t.Context(), "key", "b"); err != nil || string(got) != "k" {
			t.Errorf("Object = %q, %v", got, err)
		}
		if _, err := db.Object(t.Context(), "key", "B"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("Object that is not there: %v", err)
		}
	})
}

// Of several that replace the same document, one succeeds.
func TestReplaceObjectAtTheSameTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := db.AddObject(t.Context(), "rule", "a", []byte("old")); err != nil {
			t.Fatal(err)
		}
		const writers = 8
		results := make([]error, writers)
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() { results[w] = db.ReplaceObject(t.Context(), "rule", "a", []byte("old"), fmt.Append(nil, w)) })
		}
		wg.Wait()
		won := -1
		for w, err := range results {
			switch {
			case err == nil && won >= 0:
				t.Errorf("%d and %d both replaced it", won, w)
			case err == nil:
				won = w
			case !errors.Is(err, fault.ErrConflict):
				t.Error(err)
			}
		}
		if got, err := db.Object(t.Context(), "rule", "a"); err != nil || string(got) != strconv.Itoa(won) {
			t.Errorf("%q is kept, %d won: %v", got, won, err)
		}
	})
}
