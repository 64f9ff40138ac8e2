package report

import "io"

// Table is a plain table in aligned columns.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Write writes the table as text.
func (t Table) Write(w io.Writer, o Options) error {
	p := newPrinter(o)
	var rows [][]cell
	for _, r := range t.Rows {
		var cells []cell
		for _, text := range r {
			cells = append(cells, cell{text: text})
		}
		rows = append(rows, cells)
	}
	p.table(t.Columns, rows)
	return p.flush(w)
}
