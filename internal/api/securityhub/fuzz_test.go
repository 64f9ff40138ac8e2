package securityhub_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/deliver/delivertest"
)

// FuzzRequests sends any body, label and query string to any operation: each answer
// is a success or the caller's mistake, in the form of the model.
func FuzzRequests(f *testing.F) {
	findings := fleet(f, 2)
	w := newWorld(f, findings...)
	known := loadModel(f).Operations
	routes := slices.DeleteFunc(w.routes(), func(r api.Route) bool { return known[r.Operation] == nil })
	for i := range routes {
		f.Add(uint8(i), `{}`, "arn:aws:securityhub:eu-central-1:111122223333:hubv2/1", "MaxResults=2")
		f.Add(uint8(i), `null`, findings[0].ID, "")
		f.Add(uint8(i), `{"MaxResults":1e99,"NextToken":"\u0000","Filters":{"CompositeFilters":[{"NestedCompositeFilters":[{}]}]}}`, "%2F..%00", "MaxResults=-1&NextToken=%FF")
		f.Add(uint8(i), `{"Filters":{"CompositeFilters":[null]},"GroupByRules":[null],"Actions":[null],"Criteria":{"OcsfFindingCriteria":null},"Provider":null,"Tags":{"":""}}`, "\xff", "tagKeys=&tagKeys=a")
		f.Add(uint8(i), `{"StartTime":"0001-01-01T00:00:00Z","EndTime":"9999-12-31T23:59:59Z","RuleOrder":"NaN","MetadataUids":[""],"SeverityId":-1}`, " ", "Status=X")
	}
	f.Fuzz(func(t *testing.T, n uint8, body, label, query string) {
		r := routes[int(n)%len(routes)]
		req := httptest.NewRequest(r.Method, "/x", strings.NewReader(body))
		req.URL = &url.URL{Path: "/x", RawQuery: query}
		for _, name := range []string{"Identifier", "ConnectorId", "AggregatorV2Arn", "ResourceArn", "MetadataUid", "FeatureName", "ExportJobId"} {
			req.SetPathValue(name, label)
		}
		w.Memory = delivertest.New() // a hub that is enabled
		rec := httptest.NewRecorder()
		caller := api.Caller{Principal: w.caller, RequestID: "req-1"}
		if err := r.Handle(rec, req, caller); err != nil {
			r.Fail(rec, req, caller, err)
		}
		if rec.Code >= http.StatusInternalServerError {
			t.Errorf("%s answers %d: %s", r.Operation, rec.Code, rec.Body)
		}
		if rec.Code < http.StatusBadRequest {
			return // what is asked for in odd ways is checked where it is asked for properly
		}
		for _, p := range loadModel(t).check(exchange{operation: r.Operation, status: rec.Code, header: rec.Header(), answer: rec.Body.Bytes()}) {
			t.Errorf("%s: %s", r.Operation, p)
		}
	})
}
