package securityhub

import (
	"fmt"
	"regexp"
)

// Limits of ListFreeTrialStatusesV2 (API Reference).
const (
	maxTrialAccounts = 50
	maxTrialStatuses = 10
)

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

type trialRequest struct {
	AccountIDs []string `json:"AccountIds"`
	Statuses   []string
	MaxResults *int
	NextToken  string
}

type trialAnswer struct {
	AccountFreeTrialStatuses []accountTrials `json:"AccountFreeTrialStatuses"`
}

type accountTrials struct {
	AccountID   string    `json:"AccountId"`
	EvaluatedAt timestamp `json:"EvaluatedAt"`
	// FreeTrialStatuses is empty: eksposure costs nothing, so that there are no
	// trials, and an entry would have to name when one began and ends.
	FreeTrialStatuses []struct{} `json:"FreeTrialStatuses"`
}

// listFreeTrials answers for each account asked for that it has no trial.
func (s *routes) listFreeTrials(c *call) (any, error) {
	var in trialRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if _, err := limit("MaxResults", in.MaxResults, maxList, maxList); err != nil {
		return nil, err
	}
	if n := len(in.AccountIDs); in.AccountIDs != nil && (n < 1 || n > maxTrialAccounts) {
		return nil, invalid("AccountIds", "%d accounts, want 1 to %d", n, maxTrialAccounts)
	}
	for i, id := range in.AccountIDs {
		if !accountID.MatchString(id) {
			return nil, invalid(fmt.Sprintf("AccountIds[%d]", i), "%q: want 12 digits", id)
		}
	}
	if n := len(in.Statuses); in.Statuses != nil && (n < 1 || n > maxTrialStatuses) {
		return nil, invalid("Statuses", "%d entries, want 1 to %d", n, maxTrialStatuses)
	}
	for i, status := range in.Statuses {
		if status != "ACTIVE" && status != "INACTIVE" {
			return nil, invalid(fmt.Sprintf("Statuses[%d]", i), "%q: want ACTIVE or INACTIVE", status)
		}
	}
	out := trialAnswer{AccountFreeTrialStatuses: []accountTrials{}}
	for _, id := range in.AccountIDs {
		out.AccountFreeTrialStatuses = append(out.AccountFreeTrialStatuses, accountTrials{id, timestamp(s.hub.Now()), []struct{}{}})
	}
	return out, nil
}
