package access

import (
	"encoding/json"
	"time"
)

// Entry is one line of the audit log: who asked for what, from where, and how it
// ended. It never holds a secret.
type Entry struct {
	At time.Time `json:"at"`
	// Principal and Name are those of the Principal; empty when nobody was known.
	Principal string `json:"principal"`
	Name      string `json:"name,omitempty"`
	// Operation is what was asked for: "BatchUpdateFindingsV2", "keys create".
	Operation string `json:"operation"`
	Action    Action `json:"action"`
	// Target is what it was done to: an ARN, an ID, a path.
	Target string `json:"target,omitempty"`
	// RequestID and Address are empty for what was done on the command line.
	RequestID string `json:"request_id,omitempty"`
	Address   string `json:"address,omitempty"`
	// Outcome is OutcomeDone, or the error's code or category.
	Outcome string `json:"outcome"`
	// Details is a JSON object: "before" and "after" of what changed, or the reason
	// of a refusal.
	Details json.RawMessage `json:"details,omitempty"`
}

// OutcomeDone is the outcome of what was done.
const OutcomeDone = "done"
