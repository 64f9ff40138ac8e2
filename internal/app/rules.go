package app

import (
	"encoding/json"
	"fmt"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/rulebook"
	"github.com/eksposure/eksposure/internal/store"
)

// rules are the automation rules over a database. They run in every scan, of the
// command line too.
func (a *App) rules(db *store.DB) *rulebook.Book {
	return rulebook.New(rulebook.Config{Objects: db, Document: ocsfDocument, Findings: db, Now: a.o.Now})
}

// ocsfDocument writes a finding as it is searched and served.
func ocsfDocument(f *exposure.Finding) ([]byte, error) {
	document, err := json.Marshal(ocsf.Finding(f, ocsf.Options{}))
	if err != nil {
		return nil, fmt.Errorf("finding %q: %w", f.ID, err)
	}
	return document, nil
}
