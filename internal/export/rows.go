package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/search"
)

// rows collects the rows of one part.
type rows struct {
	output Output
	buffer bytes.Buffer
}

// header writes what the file begins with.
func (r *rows) header() error {
	if r.output.Format != CSV {
		return nil
	}
	return r.record(r.output.Fields)
}

// add writes one finding.
func (r *rows) add(document []byte) error {
	if r.output.Format == OCSFJSON {
		if err := json.Compact(&r.buffer, document); err != nil {
			return fmt.Errorf("stored finding: %w", err)
		}
		return r.buffer.WriteByte('\n')
	}
	decoded, err := search.Decode(document)
	if err != nil {
		return fmt.Errorf("stored finding: %w", err)
	}
	record := make([]string, len(r.output.Fields))
	for i, field := range r.output.Fields {
		record[i] = inert(cell(decoded, field))
	}
	return r.record(record)
}

func (r *rows) record(record []string) error {
	w := csv.NewWriter(&r.buffer)
	if err := w.Write(record); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	w.Flush()
	return w.Error()
}

// cell gives the distinct values of a field, joined with "; "; those of a map field
// as KEY=VALUE.
func cell(document any, field string) string {
	schema := search.FindingSchema()
	path := schema.Path(field)
	var values []string
	if kind, _ := schema.Kind(field); kind == search.Map {
		for _, p := range search.Pairs(document, path) {
			values = append(values, p.Key+"="+p.Value)
		}
		return join(values)
	}
	for _, v := range search.Values(document, path) {
		switch v := v.(type) {
		case string:
			values = append(values, v)
		case bool:
			values = append(values, strconv.FormatBool(v))
		case float64:
			values = append(values, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	return join(values)
}

func join(values []string) string {
	distinct := make([]string, 0, len(values))
	for _, v := range values {
		if !slices.Contains(distinct, v) {
			distinct = append(distinct, v)
		}
	}
	return strings.Join(distinct, "; ")
}

// inert makes a field that a spreadsheet would run as a formula plain text (OWASP,
// "CSV Injection").
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
