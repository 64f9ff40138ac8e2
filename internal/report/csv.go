package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
)

// csvHeader names the columns: one row per finding, then one per undecided cluster,
// lists joined with "; ".
func csvHeader() []string {
	return []string{
		"severity", "status", "activity", "account", "account_name", "region", "cluster", "cluster_arn", "kubernetes_version", "title",
		"contributing_traits", "contextual_traits", "unknown_traits", "stale_traits", "likelihood", "impact", "factor_sum",
		"first_topic", "severity_after_first_topic", "fewest_topics_to_resolve", "vulnerabilities_known_exploited", "gaps",
		"first_seen", "last_seen", "modified_at", "closed_at", "finding_uid", "finding_id",
	}
}

func writeCSV(w io.Writer, r Report) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader()); err != nil {
		return err
	}
	var rows [][]string
	for _, f := range r.Findings {
		rows = append(rows, csvRow(f))
	}
	for _, u := range r.Undecided {
		rows = append(rows, undecidedRow(u))
	}
	for _, row := range rows {
		for i := range row {
			row[i] = inert(clean(row[i]))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func csvRow(f *exposure.Finding) []string {
	c := f.Cluster
	by := map[exposure.Standing][]string{}
	var stale []string
	kev := 0
	for _, t := range f.Traits {
		by[t.Standing] = append(by[t.Standing], t.ID)
		if t.Stale {
			stale = append(stale, t.ID)
		}
		for _, e := range t.Evidence {
			if e.Image != nil && e.Standing == exposure.Contributing {
				kev += e.Image.KEV
			}
		}
	}
	first, left, resolve := "", "", ""
	if len(f.Topics) > 0 {
		first, left = f.Topics[0].ID, after(f.Topics[0].After)
	}
	for _, s := range f.FixSets {
		if s.Wish == exposure.Resolved {
			resolve = strings.Join(s.Topics, "; ")
		}
	}
	var gaps []string
	for _, g := range f.Gaps {
		gaps = append(gaps, gapSubject(g)+" ("+g.Reason+")")
	}
	return []string{
		string(f.Severity), string(f.Status), string(f.Activity), c.Ref.Account, c.AccountName, c.Ref.Region, c.Ref.Name, c.Ref.String(), c.Version, f.Title,
		strings.Join(by[exposure.Contributing], "; "), strings.Join(by[exposure.Contextual], "; "), strings.Join(by[exposure.Unknown], "; "),
		strings.Join(stale, "; "), string(f.Arithmetic.Likelihood), string(f.Arithmetic.Impact), strconv.Itoa(f.Arithmetic.Sum),
		first, left, resolve, strconv.Itoa(kev), strings.Join(gaps, "; "),
		stamp(f.FirstSeen), stamp(f.LastSeen), stamp(f.ModifiedAt), stamp(f.ClosedAt), f.UID, f.ID,
	}
}

// inert makes a field that a spreadsheet would run as a formula plain text (OWASP,
// "CSV Injection"): a leading quote shows as nothing there.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
