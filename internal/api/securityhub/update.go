package securityhub

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/hub"
)

type batchUpdateRequest struct {
	MetadataUids       []string                `json:"MetadataUids,omitempty"`
	FindingIdentifiers []hub.FindingIdentifier `json:"FindingIdentifiers,omitempty"`
	Comment            *string                 `json:"Comment,omitempty"`
	SeverityID         *int                    `json:"SeverityId,omitempty"`
	StatusID           *int                    `json:"StatusId,omitempty"`
}

type batchUpdateAnswer struct {
	ProcessedFindings   []processedFinding   `json:"ProcessedFindings"`
	UnprocessedFindings []unprocessedFinding `json:"UnprocessedFindings"`
}

type processedFinding struct {
	FindingIdentifier *hub.FindingIdentifier `json:"FindingIdentifier,omitempty"`
	MetadataUID       string                 `json:"MetadataUid,omitempty"`
}

type unprocessedFinding struct {
	processedFinding

	ErrorCode    string `json:"ErrorCode"`
	ErrorMessage string `json:"ErrorMessage"`
}

func (s *routes) batchUpdateFindings(c *call) (any, error) {
	var in batchUpdateRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := notBlank("Comment", in.Comment); err != nil {
		return nil, err
	}
	for i, uid := range in.MetadataUids {
		if err := filled(fmt.Sprintf("MetadataUids[%d]", i), uid); err != nil {
			return nil, err
		}
	}
	for i, id := range in.FindingIdentifiers {
		at := fmt.Sprintf("FindingIdentifiers[%d].", i)
		if err := filled(at+"CloudAccountUid", id.CloudAccountUID, at+"FindingInfoUid", id.FindingInfoUID, at+"MetadataProductUid", id.MetadataProductUID); err != nil {
			return nil, err
		}
	}
	done, err := s.hub.UpdateFindings(c.Context(), c.caller.Principal, hub.UpdateRequest{
		MetadataUIDs: in.MetadataUids, Identifiers: in.FindingIdentifiers,
		Label: hub.Label{SeverityID: in.SeverityID, StatusID: in.StatusID, Comment: deref(in.Comment)},
	})
	if err != nil {
		return nil, err
	}
	out := batchUpdateAnswer{ProcessedFindings: []processedFinding{}, UnprocessedFindings: []unprocessedFinding{}}
	for _, d := range done {
		named := processedFinding{FindingIdentifier: d.Identifier, MetadataUID: d.MetadataUID}
		if d.Err == nil {
			out.ProcessedFindings = append(out.ProcessedFindings, named)
			continue
		}
		code, message := unprocessed(d.Err)
		out.UnprocessedFindings = append(out.UnprocessedFindings, unprocessedFinding{named, code, message})
	}
	return out, c.caller.Note(strconv.Itoa(len(done))+" findings", nil, in)
}

// unprocessed gives the code of one finding that was not labelled: AWS has four.
func unprocessed(err error) (code, message string) {
	switch {
	case errors.Is(err, fault.ErrNotFound), errors.Is(err, fault.ErrDenied):
		return "ResourceNotFoundException", reason(err)
	case errors.Is(err, fault.ErrInvalid):
		return "ValidationException", reason(err)
	case errors.Is(err, fault.ErrConflict):
		return "ConflictException", reason(err)
	}
	return "InternalServerException", "The finding could not be updated; try again."
}
