package guidance

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// plain is what a shell takes as one word as it stands. A tilde or an equals sign at
// its beginning would be more than itself, and so would a hyphen to the program.
var plain = regexp.MustCompile(`^[0-9A-Za-z_/.:@%+,][0-9A-Za-z_/.:@%+,=-]*$`)

// sh writes a text as one word of a POSIX shell. Control characters, which no name of
// AWS or Kubernetes has, are left out: a terminal would act on them.
func sh(text string) string {
	text = printable(text)
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// hcl writes a text as a string of Terraform's language, in which ${ and %{ begin
// templates.
func hcl(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(js(text))
}

// js writes a text as a string of JavaScript and JSON.
func js(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(strings.ToValidUTF8(text, "\uFFFD")) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// py writes a text as a string of Python, and of YAML between double quotes: both
// know the escapes that strconv writes.
func py(text string) string { return strconv.Quote(strings.ToValidUTF8(text, "\uFFFD")) }

// line makes a text fit for prose and comments: one line. Both are plain text: who
// shows them as markup escapes them.
func line(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(printable(text)), " "), "`", "'")
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// list writes texts with a quoting, between brackets.
func list(quote func(string) string, texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = quote(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
