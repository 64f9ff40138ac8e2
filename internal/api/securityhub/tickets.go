package securityhub

type createTicketRequest struct {
	ConnectorID        string `json:"ConnectorId"`
	FindingMetadataUID string `json:"FindingMetadataUid"`
	ClientToken        string
	Mode               string
}

type createTicketAnswer struct {
	TicketID     string `json:"TicketId"`
	TicketSrcURL string `json:"TicketSrcUrl,omitempty"`
}

func (s *routes) createTicket(c *call) (any, error) {
	var in createTicketRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := filled("ConnectorId", in.ConnectorID, "FindingMetadataUid", in.FindingMetadataUID); err != nil {
		return nil, err
	}
	const dryRun = "DRYRUN"
	if in.Mode != "" && in.Mode != dryRun {
		return nil, invalid("Mode", "%q: want %s or nothing", in.Mode, dryRun)
	}
	opened, err := s.hub.CreateTicket(c.Context(), c.caller.Principal, in.ConnectorID, in.FindingMetadataUID, in.ClientToken, in.Mode == dryRun)
	if err != nil {
		return nil, err
	}
	return createTicketAnswer{opened.ID, opened.URL}, c.caller.Note(in.FindingMetadataUID, nil, opened)
}
