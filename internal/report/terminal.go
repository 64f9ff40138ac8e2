package report

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// The Markdown that topic pages are written in, as far as a terminal needs to know.
var (
	listItem   = regexp.MustCompile(`^( *)([-*]|[0-9]+\.) +(.*)$`)
	tableRule  = regexp.MustCompile(`^\|?[ :|-]+\|[ :|-]*$`)
	strongText = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	codeText   = regexp.MustCompile("`([^`]+)`")
	linkText   = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)
)

// markdown writes Markdown for a terminal: paragraphs and list items wrapped,
// tables aligned, code indented as it is, so that it can be copied.
func (p *printer) markdown(lead, text string) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); {
		l := lines[i]
		trimmed := strings.TrimSpace(l)
		switch {
		case trimmed == "":
			p.line("")
			i++
		case strings.HasPrefix(trimmed, "```"):
			i = p.code(lead, lines, i)
		case strings.HasPrefix(trimmed, "|"):
			i = p.rows(lead, lines, i)
		default:
			i = p.paragraph(lead, lines, i)
		}
	}
}

// code writes a fenced block and gives the line after it.
func (p *printer) code(lead string, lines []string, i int) int {
	indent := strings.Repeat(" ", len(lines[i])-len(strings.TrimLeft(lines[i], " ")))
	for i++; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "```"); i++ {
		p.line("%s  %s%s", lead, indent, strings.TrimPrefix(lines[i], indent))
	}
	return i + 1
}

// rows writes a table and gives the line after it.
func (p *printer) rows(lead string, lines []string, i int) int {
	var table [][]string
	var widths []int
	for ; i < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i]), "|"); i++ {
		row := strings.TrimSpace(lines[i])
		if tableRule.MatchString(row) {
			continue
		}
		cells := strings.Split(strings.Trim(row, "|"), "|")
		for n := range cells {
			cells[n] = clean(plain(strings.TrimSpace(cells[n])))
			if n == len(widths) {
				widths = append(widths, 0)
			}
			widths[n] = max(widths[n], utf8.RuneCountInString(cells[n]))
		}
		table = append(table, cells)
	}
	for _, cells := range table {
		var before strings.Builder
		before.WriteString(lead)
		for n, c := range cells[:len(cells)-1] {
			before.WriteString(pad(c, widths[n]) + "  ")
		}
		indent := strings.Repeat(" ", utf8.RuneCountInString(before.String()))
		p.wrapped(before.String(), indent, cells[len(cells)-1])
	}
	return i
}

// paragraph writes a paragraph or one list item and gives the line after it.
func (p *printer) paragraph(lead string, lines []string, i int) int {
	first := lines[i]
	rest := first[:len(first)-len(strings.TrimLeft(first, " "))]
	words, mark := []string{strings.TrimSpace(first)}, rest
	if m := listItem.FindStringSubmatch(first); m != nil {
		mark, words = m[1]+m[2]+" ", []string{m[3]}
		rest = strings.Repeat(" ", len(mark))
	}
	for i++; i < len(lines); i++ {
		next := strings.TrimSpace(lines[i])
		if next == "" || strings.HasPrefix(next, "```") || strings.HasPrefix(next, "|") || listItem.MatchString(lines[i]) {
			break
		}
		words = append(words, next)
	}
	text := strings.Join(words, " ")
	heading := strings.TrimLeft(text, "#")
	if heading != text {
		text = "**" + strings.TrimSpace(heading) + "**"
	}
	prefix := lead + mark
	for _, l := range wrap(clean(marked(text)), p.width-utf8.RuneCountInString(lead+rest), p.width > 0) {
		p.line("%s%s", prefix, p.strong(l))
		prefix = lead + rest
	}
	return i
}

// plain takes the marks off: a link keeps its address, code its letters.
func plain(text string) string {
	return strongText.ReplaceAllString(marked(text), "$1")
}

// marked takes all marks off but those of strong text, whose words are each marked,
// as a line may break between them.
func marked(text string) string {
	text = linkText.ReplaceAllString(text, "$1 ($2)")
	text = codeText.ReplaceAllString(text, "$1")
	return strongText.ReplaceAllStringFunc(text, func(s string) string {
		return "**" + strings.Join(strings.Fields(strings.Trim(s, "*")), "** **") + "**"
	})
}

// strong makes strong words bold where there are colours.
func (p *printer) strong(line string) painted {
	var b strings.Builder
	for i, part := range strings.Split(line, "**") {
		if i%2 == 1 {
			b.WriteString(string(p.bold(part)))
			continue
		}
		b.WriteString(clean(part))
	}
	return painted(b.String())
}
