package access

import "time"

// Key is an access key, without its secret.
type Key struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	Scope Scope  `json:"scope"`
	// Created is when it was made, LastUsed the day of its last use (zero when it was
	// never used), Revoked when it was revoked (zero when it counts).
	Created  time.Time `json:"created"`
	LastUsed time.Time `json:"last_used,omitzero"`
	Revoked  time.Time `json:"revoked,omitzero"`
}

// Principal is who calls with the key.
func (k Key) Principal() Principal {
	return Principal{ID: k.ID, Name: k.Name, Role: k.Role, Scope: k.Scope}
}
