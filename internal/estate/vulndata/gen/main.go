// Gen makes the small vulnerability database that the demo carries: the records
// of the sample database that concern the packages of the estate's images, with
// the scores of just those vulnerabilities.
//
//	go generate ./internal/estate/vulndata
package main

import (
	"archive/tar"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/eksposure/eksposure/internal/vulndb"
	"github.com/eksposure/eksposure/internal/vulndb/vulndbtest"
)

func main() {
	output := flag.String("o", "vulnerability-db.tar.zst", "archive to write")
	flag.Parse()
	if err := generate(context.Background(), *output); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context, output string) (err error) {
	dir, err := os.MkdirTemp("", "vulndata-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := vulndb.Import(ctx, vulndb.Config{Dir: dir, Now: time.Now}, vulndbtest.Sample()); err != nil {
		return err
	}
	names, err := packageNames(ctx)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "6", "vulnerability.db")
	if err := shrink(ctx, file, names); err != nil {
		return fmt.Errorf("shrink database: %w", err)
	}
	database, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return write(output, database)
}

// packageNames lists the names under which the database may know the packages of
// the images: their own, their source packages', and their Maven names. The
// versions are left out, so an image may change its versions and be matched.
func packageNames(ctx context.Context) ([]string, error) {
	images, err := vulndbtest.Images(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, im := range images {
		var doc struct {
			Artifacts []struct {
				Name     string `json:"name"`
				Metadata struct {
					Source        string `json:"source"`        // deb
					OriginPackage string `json:"originPackage"` // apk
					SourceRpm     string `json:"sourceRpm"`     // rpm
					PomProperties struct {
						GroupID    string `json:"groupId"`
						ArtifactID string `json:"artifactId"`
					} `json:"pomProperties"`
				} `json:"metadata"`
			} `json:"artifacts"`
		}
		if err := json.Unmarshal(im.SBOM.Document, &doc); err != nil {
			return nil, fmt.Errorf("read SBOM of %q: %w", im.Name, err)
		}
		for _, a := range doc.Artifacts {
			rpm := strings.Split(a.Metadata.SourceRpm, "-") // name-version-release.src.rpm
			for _, name := range []string{
				a.Name, a.Metadata.Source, a.Metadata.OriginPackage, strings.Join(rpm[:max(len(rpm)-2, 0)], "-"),
				a.Metadata.PomProperties.GroupID + ":" + a.Metadata.PomProperties.ArtifactID,
			} {
				names[strings.ToLower(name)] = true
			}
		}
	}
	delete(names, "")
	return slices.Sorted(maps.Keys(names)), nil
}

// shrink deletes what does not concern the packages. Indexes go too: importing
// makes them again.
func shrink(ctx context.Context, file string, names []string) (err error) {
	db, err := sql.Open("sqlite", file) // the driver that grype registers
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // temporary tables belong to a connection
	exec := func(query string, args ...any) error {
		if _, err := db.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
		return nil
	}
	if err := exec(`CREATE TEMP TABLE wanted (name TEXT PRIMARY KEY)`); err != nil {
		return err
	}
	for _, name := range names {
		if err := exec(`INSERT INTO wanted VALUES (?)`, name); err != nil {
			return err
		}
	}
	for query := range strings.SplitSeq(statements, ";\n") {
		if strings.TrimSpace(query) == "" {
			continue
		}
		if err := exec(query); err != nil {
			return err
		}
	}
	indexes, err := indexNames(ctx, db)
	if err != nil {
		return err
	}
	for _, name := range indexes {
		if err := exec(fmt.Sprintf("DROP INDEX %q", name)); err != nil {
			return err
		}
	}
	return exec(`VACUUM`)
}

// statements keep the records of wanted packages and, of the vulnerabilities they
// name, the CVE records with scores. CPEs are only kept of binaries that are
// found by them.
const statements = `
DELETE FROM affected_package_handles WHERE package_id NOT IN (SELECT id FROM packages WHERE lower(name) IN (SELECT name FROM wanted));
DELETE FROM unaffected_package_handles WHERE package_id NOT IN (SELECT id FROM packages WHERE lower(name) IN (SELECT name FROM wanted));
DELETE FROM affected_cpe_handles WHERE cpe_id NOT IN (SELECT id FROM cpes WHERE lower(product) IN (SELECT name FROM wanted));
DELETE FROM unaffected_cpe_handles WHERE cpe_id NOT IN (SELECT id FROM cpes WHERE lower(product) IN (SELECT name FROM wanted));
CREATE TEMP TABLE kept AS
 SELECT DISTINCT v.id, v.name, v.blob_id FROM vulnerability_handles v WHERE v.id IN (
  SELECT vulnerability_id FROM affected_package_handles UNION SELECT vulnerability_id FROM unaffected_package_handles UNION
  SELECT vulnerability_id FROM affected_cpe_handles UNION SELECT vulnerability_id FROM unaffected_cpe_handles);
CREATE TEMP TABLE cves (cve TEXT PRIMARY KEY COLLATE NOCASE);
INSERT OR IGNORE INTO cves SELECT name FROM kept WHERE name LIKE 'CVE-%';
INSERT OR IGNORE INTO cves SELECT alias FROM vulnerability_aliases WHERE alias LIKE 'CVE-%' AND name IN (SELECT name FROM kept);
INSERT OR IGNORE INTO cves SELECT a.value FROM kept k JOIN blobs b ON b.id = k.blob_id, json_each(b.value, '$.aliases') a WHERE a.value LIKE 'CVE-%';
INSERT OR IGNORE INTO cves SELECT c.value FROM affected_package_handles h JOIN blobs b ON b.id = h.blob_id, json_each(b.value, '$.cves') c;
DELETE FROM vulnerability_handles WHERE id NOT IN (SELECT id FROM kept) AND NOT (provider_id = 'nvd' AND name IN (SELECT cve FROM cves));
DELETE FROM vulnerability_aliases WHERE name NOT IN (SELECT name FROM vulnerability_handles);
DELETE FROM packages WHERE id NOT IN (SELECT package_id FROM affected_package_handles UNION SELECT package_id FROM unaffected_package_handles);
DELETE FROM package_cpes WHERE package_id NOT IN (SELECT id FROM packages);
DELETE FROM cpes WHERE id NOT IN (SELECT cpe_id FROM affected_cpe_handles UNION SELECT cpe_id FROM unaffected_cpe_handles UNION SELECT cpe_id FROM package_cpes);
DELETE FROM epss_handles WHERE cve COLLATE NOCASE NOT IN (SELECT cve FROM cves);
DELETE FROM known_exploited_vulnerability_handles WHERE cve COLLATE NOCASE NOT IN (SELECT cve FROM cves);
DELETE FROM cwe_handles WHERE cve COLLATE NOCASE NOT IN (SELECT cve FROM cves);
DELETE FROM ssvc_handles WHERE cve COLLATE NOCASE NOT IN (SELECT cve FROM cves);
DELETE FROM blobs WHERE id NOT IN (
 SELECT blob_id FROM vulnerability_handles WHERE blob_id IS NOT NULL UNION
 SELECT blob_id FROM affected_package_handles WHERE blob_id IS NOT NULL UNION
 SELECT blob_id FROM unaffected_package_handles WHERE blob_id IS NOT NULL UNION
 SELECT blob_id FROM affected_cpe_handles WHERE blob_id IS NOT NULL UNION
 SELECT blob_id FROM unaffected_cpe_handles WHERE blob_id IS NOT NULL UNION
 SELECT blob_id FROM known_exploited_vulnerability_handles WHERE blob_id IS NOT NULL);
`

func indexNames(ctx context.Context, db *sql.DB) (names []string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// write packs the database so that the same database makes the same archive.
func write(path string, database []byte) error {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	w := tar.NewWriter(z)
	header := &tar.Header{Name: "vulnerability.db", Mode: 0o644, Size: int64(len(database)), Format: tar.FormatUSTAR}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	if _, err := w.Write(database); err != nil {
		return err
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644) // a public archive
}
