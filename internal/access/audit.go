package access

// AuditLine is a line of the audit log with its number; a later line has a higher one.
type AuditLine struct {
	Entry

	Number int64 `json:"number"`
}

// AuditQuery selects lines of the audit log; empty fields select all.
type AuditQuery struct {
	Principal string
	Operation string
	// Before selects the lines before the one of this number.
	Before int64
	// Limit is how many lines there are at most.
	Limit int
}
