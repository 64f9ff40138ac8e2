package hub

// Product is a product integration.
type Product struct {
	Name, Company, Description string
	Categories                 []string
	// Integrations are Security Hub's words: SEND_FINDINGS_TO_SECURITY_HUB and the like.
	Integrations []string
}

// The ways in which a product is joined.
const (
	sendsFindings    = "SEND_FINDINGS_TO_SECURITY_HUB"
	receivesFindings = "RECEIVE_FINDINGS_FROM_SECURITY_HUB"
)

// Products gives a page of the integrations that this program really has.
func (s *Service) Products(size int, token string) ([]Product, string) {
	return cut([]Product{
		{
			Name: "Amazon EventBridge", Company: "AWS", Description: "Receives every created, updated and closed finding as an event.",
			Categories: []string{"Messaging"}, Integrations: []string{receivesFindings},
		},
		{
			Name: "Jira Cloud", Company: "Atlassian", Description: "Receives tickets for findings, by hand or by an automation rule.",
			Categories: []string{"Ticketing"}, Integrations: []string{receivesFindings},
		},
		{
			Name: "ServiceNow ITSM", Company: "ServiceNow", Description: "Receives incidents for findings, by hand or by an automation rule.",
			Categories: []string{"Ticketing"}, Integrations: []string{receivesFindings},
		},
		{
			Name: "Webhooks", Company: "eksposure", Description: "Any HTTP endpoint receives every change of a finding, signed.",
			Categories: []string{"Messaging"}, Integrations: []string{receivesFindings},
		},
		{
			Name: "eksposure", Company: "eksposure", Description: "Finds the exposures of Amazon EKS clusters.",
			Categories: []string{"Exposure management"}, Integrations: []string{sendsFindings},
		},
	}, func(p Product) string { return p.Name }, size, token)
}
