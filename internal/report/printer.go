package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/eksposure/eksposure/internal/exposure"
)

// painted is text that already holds terminal codes of ours.
type painted string

// printer builds text for a terminal. Every string that it is given is stripped
// of control characters, so that no name in a cluster can move the cursor or
// recolour the screen.
type printer struct {
	b     strings.Builder
	color bool
	width int
}

func newPrinter(o Options) *printer { return &printer{color: o.Color, width: o.Width} }

func (p *printer) flush(w io.Writer) error {
	_, err := io.WriteString(w, p.b.String())
	return err
}

// line writes one line without wrapping it.
func (p *printer) line(format string, args ...any) {
	for i, a := range args {
		switch a := a.(type) {
		case painted:
		case string:
			args[i] = clean(a)
		case fmt.Stringer:
			args[i] = clean(a.String())
		}
	}
	p.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// wrapped writes text after a prefix, and its further lines after another.
func (p *printer) wrapped(first, rest, text string) {
	prefix := first
	for _, l := range wrap(clean(text), p.width-utf8.RuneCountInString(rest), p.width > 0) {
		p.b.WriteString(prefix + l + "\n")
		prefix = rest
	}
}

// heading writes a section's name.
func (p *printer) heading(text string) { p.line("\n%s", p.bold(text)) }

func (p *printer) bold(s string) painted { return p.paint(s, "1") }
func (p *printer) dim(s string) painted  { return p.paint(s, "2") }

// severity paints a severity's name, padded to a width.
func (p *printer) severity(s exposure.Severity, width int) painted {
	codes := map[exposure.Severity]string{exposure.Critical: "1;97;41", exposure.High: "1;31", exposure.Medium: "33", exposure.Low: "36"}
	name := string(s)
	if s == exposure.Resolved {
		name = "resolved"
	}
	return p.paint(name, codes[s]) + painted(strings.Repeat(" ", max(0, width-len(name))))
}

func (p *printer) paint(s, code string) painted {
	s = clean(s)
	if !p.color || code == "" {
		return painted(s)
	}
	return painted("\x1b[" + code + "m" + s + "\x1b[0m")
}

// clean replaces what a terminal would act on: control characters and the marks
// that change the direction of text.
func clean(s string) string { return strings.NewReplacer("\n", " ", "\t", " ").Replace(strip(s)) }

// strip does the same to text that may have several lines.
func strip(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError {
			return '\uFFFD'
		}
		return r
	}, s)
}

// wrap breaks text at spaces; a longer word stays whole.
func wrap(text string, width int, limited bool) []string {
	if !limited {
		return []string{text}
	}
	width = max(width, 20)
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// cell is one field of a table; paint, when set, colours the padded text.
type cell struct {
	text  string
	paint func(s string, width int) painted
}

// shrink is one step that makes a table narrower: a column is cut to a width, or
// left out when the width is 0.
type shrink struct{ column, width int }

// table writes rows in aligned columns. When the terminal is too narrow, the
// steps are taken one after the other until it is wide enough.
func (p *printer) table(columns []string, rows [][]cell, steps ...shrink) {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = utf8.RuneCountInString(c)
	}
	for _, r := range rows {
		for i := range r {
			r[i].text = clean(r[i].text)
			widths[i] = max(widths[i], utf8.RuneCountInString(r[i].text))
		}
	}
	p.fit(widths, steps)
	var line strings.Builder
	for i, c := range columns {
		if widths[i] > 0 {
			line.WriteString(pad(truncate(c, widths[i]), widths[i]) + "  ")
		}
	}
	p.line("%s", p.dim(strings.TrimRight(line.String(), " ")))
	for _, r := range rows {
		line.Reset()
		for i, c := range r {
			if widths[i] == 0 {
				continue
			}
			text := truncate(c.text, widths[i])
			if c.paint != nil {
				line.WriteString(string(c.paint(text, widths[i])) + "  ")
				continue
			}
			line.WriteString(pad(text, widths[i]) + "  ")
		}
		p.line("%s", painted(line.String()))
	}
}

// fit takes the steps, and gives what is left of the last cut back.
func (p *printer) fit(widths []int, steps []shrink) {
	excess := func() int {
		total := -2
		for _, w := range widths {
			if w > 0 {
				total += w + 2
			}
		}
		return total - p.width
	}
	full := slices.Clone(widths)
	for _, s := range steps {
		if p.width == 0 || excess() <= 0 {
			break
		}
		widths[s.column] = min(widths[s.column], s.width)
	}
	for _, s := range steps {
		if p.width > 0 && widths[s.column] > 0 {
			widths[s.column] = min(full[s.column], widths[s.column]+max(0, -excess()))
		}
	}
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

func truncate(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	runes := []rune(s)
	return string(runes[:max(0, width-1)]) + "…"
}
