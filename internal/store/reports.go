package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// keptReport is a report with its bill of materials, which its own JSON leaves out.
type keptReport struct {
	Report vuln.Ingested `json:"report"`
	SBOM   []byte        `json:"sbom,omitempty"`
}

// PutImageReport keeps what another scanner told of an image, in place of an
// earlier report of the same kind.
func (db *DB) PutImageReport(ctx context.Context, r vuln.Ingested) error {
	kept := keptReport{Report: r}
	if r.SBOM != nil {
		kept.SBOM = r.SBOM.Document
	}
	document, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode the report about %q: %w", r.ImageDigest, err)
	}
	_, err = db.exec(ctx, `INSERT INTO image_reports (digest, source, document) VALUES (?, ?, ?)
		ON CONFLICT (digest, source) DO UPDATE SET document = excluded.document`, r.ImageDigest, r.Source, db.compress(document))
	return err
}

// ImageReports gives all reports of an image, newest facts first.
func (db *DB) ImageReports(ctx context.Context, digest string) ([]vuln.Ingested, error) {
	var list []vuln.Ingested
	for rows, err := range db.rows(ctx, `SELECT document FROM image_reports WHERE digest = ?`, digest) {
		if err != nil {
			return nil, err
		}
		var document []byte
		if err := rows.Scan(&document); err != nil {
			return nil, db.engine.translate(err)
		}
		data, err := db.expand(document)
		if err != nil {
			return nil, fmt.Errorf("report about %q: %w", digest, err)
		}
		var kept keptReport
		if err := json.Unmarshal(data, &kept); err != nil {
			return nil, fmt.Errorf("report about %q: %w", digest, db.damaged(err))
		}
		if kept.Report.SBOM != nil {
			kept.Report.SBOM.Document = kept.SBOM
		}
		list = append(list, kept.Report)
	}
	slices.SortFunc(list, vuln.CompareIngested)
	return list, nil
}

// DeleteImageReport removes a report; fault.ErrNotFound when there is none.
func (db *DB) DeleteImageReport(ctx context.Context, digest, source string) error {
	n, err := db.exec(ctx, `DELETE FROM image_reports WHERE digest = ? AND source = ?`, digest, source)
	if err == nil && n == 0 {
		err = fmt.Errorf("no report of kind %q about %q: %w", source, digest, fault.ErrNotFound)
	}
	return err
}
