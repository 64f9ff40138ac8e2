package store

import (
	"strconv"
	"strings"
)

// dialect turns the SQL of this package into an engine's own. The SQL is written
// as SQLite takes it.
type dialect struct {
	// numbered tells that parameters are $1, $2 … and not ?.
	numbered bool
	// words are replaced in statements, types in the files of schema/.
	words, types map[string]string
}

// statement turns a statement.
func (d dialect) statement(text string) string { return rewrite(text, d.words, d.numbered) }

// definition turns a file of schema/, which has no parameters.
func (d dialect) definition(text string) string { return rewrite(text, d.types, false) }

// among is the condition that a column is one of some numbers. With numbered parameters
// they are one of them, so that a statement stays the same, and prepared, whatever they are.
func (d dialect) among(column string, numbers []int64) condition {
	switch {
	case d.numbered && len(numbers) == 1:
		return condition{text: column + " = ?", args: []any{numbers[0]}}
	case d.numbered:
		return condition{text: column + " = ANY(?)", args: []any{numbers}}
	}
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = strconv.FormatInt(n, 10)
	}
	return condition{text: column + " IN (" + strings.Join(list, ", ") + ")"}
}

// rewrite replaces whole words, as they are written, and numbers parameters. What
// stands in quotes and comments stays.
func rewrite(text string, words map[string]string, number bool) string {
	if len(words) == 0 && !number {
		return text
	}
	var out strings.Builder
	parameters := 0
	for i := 0; i < len(text); {
		n := token(text[i:])
		part := text[i : i+n]
		i += n
		if part == "?" && number {
			parameters++
			out.WriteString("$" + strconv.Itoa(parameters))
			continue
		}
		if w, ok := words[part]; ok {
			part = w
		}
		out.WriteString(part)
	}
	return out.String()
}

// token gives the length of what a text begins with: a quoted text, a comment, a
// word or one other byte.
func token(text string) int {
	until := func(from int, end string) int {
		if at := strings.Index(text[from:], end); at >= 0 {
			return from + at + len(end)
		}
		return len(text)
	}
	switch {
	case text[0] == '\'' || text[0] == '"':
		return until(1, text[:1]) // a doubled quote is two texts side by side, which is as good
	case strings.HasPrefix(text, "--"):
		return until(2, "\n")
	}
	n := 0
	for n < len(text) && isWord(text[n]) {
		n++
	}
	return max(n, 1)
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
