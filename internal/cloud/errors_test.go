package cloud_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/cloud"
)

// Every error code that AWS's pages and models name falls into its category,
// and an unknown one is never taken for an answer.
func TestErrorCategories(t *testing.T) {
	for _, tt := range []struct {
		status int
		code   string
		reason string
	}{
		{http.StatusForbidden, "AccessDeniedException", "denied"},
		{http.StatusForbidden, "AccessDenied", "denied"},
		{http.StatusForbidden, "ExpiredTokenException", "denied"},
		{http.StatusForbidden, "ExpiredToken", "denied"},
		{http.StatusForbidden, "UnrecognizedClientException", "denied"},
		{http.StatusForbidden, "InvalidClientTokenId", "denied"},
		{http.StatusForbidden, "InvalidSignatureException", "denied"},
		{http.StatusForbidden, "SomethingNew", "denied"},
		{http.StatusBadRequest, "ThrottlingException", "throttled"},
		{http.StatusTooManyRequests, "TooManyRequestsException", "throttled"},
		{http.StatusTooManyRequests, "SomethingNew", "throttled"},
		{http.StatusBadRequest, "InvalidParameterException", "invalid"},
		{http.StatusBadRequest, "InvalidRequestException", "invalid"},
		{http.StatusConflict, "ResourceInUseException", "conflict"},
		{http.StatusNotFound, "ResourceNotFoundException", "not_found"},
		{http.StatusInternalServerError, "ServerException", "unavailable"},
		{http.StatusServiceUnavailable, "ServiceUnavailableException", "unavailable"},
		{http.StatusNotFound, "UnknownOperationException", "unavailable"},
		{http.StatusTeapot, "SomethingNew", "unavailable"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			f := newFake(t)
			f.set(map[string]any{"eks:ListClusters": fail(tt.status, tt.code)})
			got, err := f.client(cloud.Config{Accounts: []string{management}, Attempts: 1}).Clusters(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range got.Skipped {
				if !s.Disabled && (s.Reason != tt.reason || !strings.Contains(s.Detail, tt.code) || !strings.Contains(s.Detail, "eks:ListClusters")) {
					t.Errorf("skip = %+v, want %s", s, tt.reason)
				}
			}
			if !got.Incomplete() {
				t.Error("nothing was skipped")
			}
		})
	}
}
