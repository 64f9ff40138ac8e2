package guidance

import (
	"embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/template"
)

//go:embed text/*
var texts embed.FS

// section is a form of one file of text/, taken apart before anything is filled in:
// what is filled in can then change no structure.
type section struct {
	cannot *template.Template
	steps  []stepText
	notes  []*template.Template
}

type stepText struct {
	text, code *template.Template
	language   string
	back       bool
}

// sections gives the forms of every file, by "FILE/FORM".
var sections = sync.OnceValues(func() (map[string]section, error) {
	files, err := texts.ReadDir("text")
	if err != nil {
		return nil, err
	}
	parts, err := texts.ReadFile("text/parts.tmpl")
	if err != nil {
		return nil, err
	}
	base, err := template.New("parts").Funcs(functions()).Option("missingkey=error").Parse(string(parts))
	if err != nil {
		return nil, err
	}
	all := map[string]section{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".md") {
			continue
		}
		text, err := texts.ReadFile("text/" + f.Name())
		if err != nil {
			return nil, err
		}
		file := strings.TrimSuffix(f.Name(), ".md")
		for chunk := range strings.SplitSeq("\n"+string(text), "\n## ") {
			heading, body, _ := strings.Cut(chunk, "\n")
			forms, cannot := strings.CutSuffix(heading, " cannot")
			if strings.HasPrefix(heading, "# ") || strings.TrimSpace(heading) == "" {
				continue
			}
			s, err := parse(base, body, cannot)
			if err != nil {
				return nil, fmt.Errorf("text/%s, %s: %w", f.Name(), heading, err)
			}
			for form := range strings.SplitSeq(forms, ", ") {
				all[file+"/"+form] = s
			}
		}
	}
	return all, nil
})

var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// parse takes a section apart. A step is a paragraph and the code after it, if any;
// one that begins with "To go back" takes the others back. A paragraph that begins
// with "> " is a note. A step whose text comes out empty does not apply.
func parse(base *template.Template, body string, cannot bool) (section, error) {
	var s section
	var failed error
	compile := func(text string) *template.Template {
		t, err := template.Must(base.Clone()).New("text").Parse(text)
		if err != nil && failed == nil {
			failed = err
		}
		return t
	}
	if cannot {
		s.cannot = compile(strings.TrimSpace(body))
		return s, failed
	}
	prose := func(text string) {
		for p := range strings.SplitSeq(text, "\n\n") {
			p = strings.TrimSpace(p)
			if note, ok := strings.CutPrefix(p, "> "); ok {
				s.notes = append(s.notes, compile(note))
			} else if p != "" {
				s.steps = append(s.steps, stepText{text: compile(p), back: strings.Contains(p, "To go back")})
			}
		}
	}
	for {
		at := fence.FindStringSubmatchIndex(body)
		if at == nil {
			break
		}
		prose(body[:at[0]])
		if len(s.steps) == 0 {
			return s, errors.New("code before the first paragraph")
		}
		last := &s.steps[len(s.steps)-1]
		last.language, last.code = body[at[2]:at[3]], compile(body[at[4]:at[5]])
		body = body[at[1]:]
	}
	prose(body)
	return s, failed
}

func render(file string, form Form, d *data) (Guide, error) {
	all, err := sections()
	if err != nil {
		return Guide{}, err
	}
	s, ok := all[file+"/"+string(form)]
	if !ok {
		return Guide{}, fmt.Errorf("text/%s.md has no section for %s", file, form)
	}
	g := Guide{Form: form}
	fill := func(t *template.Template) string {
		var b strings.Builder
		if err == nil && t != nil {
			err = t.Execute(&b, d)
		}
		return strings.TrimSpace(b.String())
	}
	if s.cannot != nil {
		g.Cannot = fill(s.cannot)
		return g, err
	}
	for _, step := range s.steps {
		text := fill(step.text)
		if text == "" {
			continue
		}
		out := Step{Text: strings.Join(strings.Fields(text), " "), Back: step.back, Code: tidy(fill(step.code)), Language: step.language}
		if out.Code == "" {
			out.Language = ""
		}
		g.Steps = append(g.Steps, out)
		g.Asks = asked(g.Asks, out.Code)
	}
	for _, note := range s.notes {
		if text := fill(note); text != "" {
			g.Notes = append(g.Notes, strings.Join(strings.Fields(text), " "))
		}
	}
	return g, err
}

var placeholder = regexp.MustCompile(`<([A-Z][A-Z_]+)>`)

// asked adds the placeholders of a code, each once.
func asked(asks []Ask, code string) []Ask {
	for _, m := range placeholder.FindAllStringSubmatch(code, -1) {
		if a := (Ask{m[1], meanings()[m[1]]}); a.Meaning != "" && !slices.Contains(asks, a) {
			asks = append(asks, a)
		}
	}
	return asks
}

var empty = regexp.MustCompile(`\n[ \t]*\n([ \t]*\n)+`)

// tidy leaves one empty line where conditions left more.
func tidy(code string) string { return empty.ReplaceAllString(code, "\n\n") }
