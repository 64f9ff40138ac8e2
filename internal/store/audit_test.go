package store_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

func TestAuditLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var all []access.AuditLine // the newest first
		for i := range 9 {
			e := access.Entry{
				At: day(i), Principal: "EKSP" + strconv.Itoa(i%2), Name: "ci", Operation: []string{"CreateConnectorV2", "keys create", "BatchUpdateFindingsV2"}[i%3],
				Action: access.Operate, Target: "arn:x", RequestID: "r", Address: "127.0.0.1", Outcome: access.OutcomeDone, Details: json.RawMessage(`{"before":null}`),
			}
			if err := db.Audit(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			all = append([]access.AuditLine{{Entry: e, Number: int64(i + 1)}}, all...)
		}
		for _, q := range []access.AuditQuery{
			{Limit: 100},
			{Limit: 4},
			{Limit: 4, Before: 6},
			{Limit: 100, Principal: "EKSP1"},
			{Limit: 2, Operation: "keys create"},
			{Limit: 1, Operation: "keys create", Principal: "EKSP0", Before: 8},
			{Limit: 100, Principal: "nobody"},
		} {
			var want []access.AuditLine
			for _, line := range all {
				if (q.Principal == "" || line.Principal == q.Principal) && (q.Operation == "" || line.Operation == q.Operation) && (q.Before == 0 || line.Number < q.Before) && len(want) < q.Limit {
					want = append(want, line)
				}
			}
			got, err := db.AuditLog(t.Context(), q)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%+v: %v (-want +got):\n%s", q, err, diff)
			}
		}
		if n, err := db.PruneAudit(t.Context(), day(6)); err != nil || n != 6 {
			t.Errorf("%d lines removed, %v", n, err)
		}
		got, err := db.AuditLog(t.Context(), access.AuditQuery{Limit: 100})
		if diff := cmp.Diff(all[:3], got); err != nil || diff != "" {
			t.Errorf("what is left: %v (-want +got):\n%s", err, diff)
		}
	})
}
