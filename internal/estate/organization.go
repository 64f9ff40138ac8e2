package estate

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// pageOrganization is the largest page of organizations:ListAccounts (its
// MaxResults), pageRegions that of account:ListRegions.
const (
	pageOrganization = 20
	pageRegions      = 50
)

func (e *Estate) organizationOperations() []operation {
	return []operation{
		{service: "organizations", name: "DescribeOrganization", action: "organizations:DescribeOrganization", handle: e.describeOrganization},
		{service: "organizations", name: "ListAccounts", action: "organizations:ListAccounts", handle: e.listAccounts},
		{
			service: "account", name: "ListRegions", method: http.MethodPost, path: "/listRegions", action: "account:ListRegions",
			handle: listRegions, resource: func(c *call) string { return "arn:aws:account::" + c.account.ID + ":account" },
		},
		{service: "ec2", name: "DescribeRegions", action: "ec2:DescribeRegions", handle: describeRegions},
	}
}

func (e *Estate) inOrganization() error {
	if e.scenario.Organization.ID == "" {
		return &apiError{
			Code: "AWSOrganizationsNotInUseException", Status: http.StatusBadRequest,
			Message: "Your account is not a member of an organization.",
		}
	}
	return nil
}

func (e *Estate) describeOrganization(context.Context, *call) (any, error) {
	if err := e.inOrganization(); err != nil {
		return nil, err
	}
	o := e.scenario.Organization
	management := e.account(o.Management)
	return map[string]any{"Organization": map[string]any{
		"Id": o.ID, "Arn": "arn:aws:organizations::" + o.Management + ":organization/" + o.ID, "FeatureSet": "ALL",
		"MasterAccountId": o.Management, "MasterAccountArn": e.organizationARN(o.Management), "MasterAccountEmail": management.Email,
		"AvailablePolicyTypes": []map[string]any{{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}},
	}}, nil
}

func (e *Estate) organizationARN(account string) string {
	o := e.scenario.Organization
	return "arn:aws:organizations::" + o.Management + ":account/" + o.ID + "/" + account
}

// listAccounts answers the management account and delegated administrators only.
func (e *Estate) listAccounts(_ context.Context, c *call) (any, error) {
	if err := e.inOrganization(); err != nil {
		return nil, err
	}
	o := e.scenario.Organization
	if c.account.ID != o.Management && !slices.Contains(o.DelegatedAdmins, c.account.ID) {
		return nil, &apiError{
			Code: "AccessDeniedException", Status: http.StatusBadRequest,
			Message: "You don't have permissions to access this resource.",
		}
	}
	var in struct {
		MaxResults int
		NextToken  string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	accounts, next, err := page(e.scenario.Accounts, number(in.MaxResults), in.NextToken, pageOrganization)
	if err != nil {
		return nil, &apiError{Code: "InvalidInputException", Status: http.StatusBadRequest, Message: "You provided a value that does not match the required pattern."}
	}
	list := make([]map[string]any, 0, len(accounts))
	for _, a := range accounts {
		status := a.Status
		if status == "" {
			status = "ACTIVE"
		}
		list = append(list, map[string]any{
			"Id": a.ID, "Arn": e.organizationARN(a.ID), "Email": a.Email, "Name": a.Name, "Status": status, "State": status,
			"JoinedMethod": "CREATED", "JoinedTimestamp": e.scenario.AsOf.AddDate(-3, 0, 0).Unix(),
		})
	}
	return withToken(map[string]any{"Accounts": list}, "NextToken", next), nil
}

func listRegions(_ context.Context, c *call) (any, error) {
	var in struct {
		AccountID               string `json:"AccountId"`
		MaxResults              int
		NextToken               string
		RegionOptStatusContains []string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.AccountID != "" {
		return nil, &apiError{
			Code: "AccessDeniedException", Status: http.StatusForbidden,
			Message: "User: " + c.caller.arn + " is not authorized to perform: account:ListRegions (The account does not have trusted access for this organization)",
		}
	}
	var known []Region
	for _, r := range c.account.Regions {
		if len(in.RegionOptStatusContains) == 0 || slices.Contains(in.RegionOptStatusContains, r.OptStatus) {
			known = append(known, r)
		}
	}
	regions, next, err := page(known, number(in.MaxResults), in.NextToken, pageRegions)
	if err != nil {
		return nil, &apiError{Code: "ValidationException", Status: http.StatusBadRequest, Message: err.Error()}
	}
	list := make([]map[string]any, 0, len(regions))
	for _, r := range regions {
		list = append(list, map[string]any{"RegionName": r.Name, "RegionOptStatus": r.OptStatus})
	}
	return withToken(map[string]any{"Regions": list}, "NextToken", next), nil
}

type describeRegionsResult struct {
	Regions []ec2Region `xml:"regionInfo>item"`
}

type ec2Region struct {
	Name     string `xml:"regionName"`
	Endpoint string `xml:"regionEndpoint"`
	Status   string `xml:"optInStatus"`
}

// describeRegions leaves out regions that are off unless AllRegions is asked for.
func describeRegions(_ context.Context, c *call) (any, error) {
	wanted := map[string]bool{}
	for key, values := range c.query {
		if strings.HasPrefix(key, "RegionName.") {
			wanted[values[0]] = true
		}
		if strings.HasPrefix(key, "Filter.") {
			return nil, &apiError{Code: "InvalidParameterValue", Status: http.StatusBadRequest, Message: "The estate knows no filters of DescribeRegions."}
		}
	}
	words := map[string]string{"ENABLED": "opted-in", "ENABLED_BY_DEFAULT": "opt-in-not-required"}
	var out describeRegionsResult
	for _, r := range c.account.Regions {
		if !r.Enabled() && c.query.Get("AllRegions") != "true" || len(wanted) > 0 && !wanted[r.Name] {
			continue
		}
		status, on := words[r.OptStatus]
		if !on {
			status = "not-opted-in"
		}
		out.Regions = append(out.Regions, ec2Region{Name: r.Name, Endpoint: "ec2." + r.Name + ".amazonaws.com", Status: status})
	}
	return out, nil
}

// number is a page size as text; 0 stands for none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// withToken adds the token of the next page when there is one.
func withToken(m map[string]any, key, token string) map[string]any {
	if token != "" {
		m[key] = token
	}
	return m
}
