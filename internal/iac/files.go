package iac

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"go.yaml.in/yaml/v3"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// maxFile bounds a file that is read: what people write is smaller, what programs
	// write is not patched.
	maxFile = 1 << 20
	// maxFiles bounds the folder, so that a wrong one ends soon.
	maxFiles = 20_000
)

const notYAML = "it is no plain YAML; it may be a template"

// file is a file of the folder, with what shall be changed in it.
type file struct {
	name string
	text []byte
	// body is Terraform's; documents are YAML's. A file that cannot be read has
	// neither, and why it cannot.
	body      *hclsyntax.Body
	documents []*yaml.Node
	unread    string
	edits     []edit
}

// edit puts a text in the place of the bytes from at to end.
type edit struct {
	at, end int
	text    string
}

// read reads the files that may be infrastructure as code, in order.
func read(folder fs.FS) ([]*file, error) {
	var list []*file
	seen := 0
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxFiles {
			return fmt.Errorf("folder has more than %d files; name the part of it that the cluster is in: %w", maxFiles, fault.ErrInvalid)
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || !slices.Contains([]string{".tf", ".tfvars", ".yaml", ".yml"}, path.Ext(name)) {
			return nil
		}
		text, err := content(folder, name)
		if err != nil || text == nil {
			return err
		}
		list = append(list, parse(name, text))
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the folder does not exist: %w", fault.ErrNotFound)
	case errors.Is(err, fs.ErrPermission):
		return nil, fault.Local(fmt.Errorf("%w: %w", err, fault.ErrDenied))
	}
	return list, err
}

// content is a file's text; nil when it is too large.
func content(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil || len(text) > maxFile {
		return nil, err
	}
	return text, nil
}

func parse(name string, text []byte) *file {
	f := &file{name: name, text: text}
	if f.terraform() {
		parsed, diagnostics := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
		body, ok := parsed.Body.(*hclsyntax.Body)
		if diagnostics.HasErrors() || !ok {
			f.unread = "it is no valid Terraform (" + diagnostics.Error() + ")"
			return f
		}
		f.body = body
		return f
	}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return f
		}
		if err != nil {
			f.documents, f.unread = nil, notYAML
			return f
		}
		if len(document.Content) > 0 {
			f.documents = append(f.documents, document.Content[0])
		}
	}
}

func (f *file) terraform() bool { return path.Ext(f.name) == ".tf" || path.Ext(f.name) == ".tfvars" }

func (f *file) replace(at, end int, text string) {
	e := edit{at, end, f.lineEnds(text)}
	if !slices.Contains(f.edits, e) {
		f.edits = append(f.edits, e)
	}
}

func (f *file) insert(at int, text string) { f.replace(at, at, text) }

// lineEnds writes a text with the line ends of the file.
func (f *file) lineEnds(text string) string {
	if !bytes.Contains(f.text, []byte("\r\n")) {
		return text
	}
	return strings.ReplaceAll(text, "\n", "\r\n")
}

// edited gives the text with all edits. A file that was in Terraform's format
// stays so. What would not parse any more is an error.
func (f *file) edited() ([]byte, error) {
	if len(f.edits) == 0 {
		return f.text, nil
	}
	edits := slices.Clone(f.edits)
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.end, b.end)) })
	var out []byte
	at := 0
	for _, e := range edits {
		if e.at < at {
			return nil, fmt.Errorf("file %q would be changed twice in one place; change it by hand: %w", f.name, fault.ErrConflict)
		}
		out = append(append(out, f.text[at:e.at]...), e.text...)
		at = e.end
	}
	out = append(out, f.text[at:]...)
	if f.terraform() && bytes.Equal(hclwrite.Format(f.text), f.text) {
		out = hclwrite.Format(out)
	}
	if again := parse(f.name, out); again.unread != "" || len(again.documents) != len(f.documents) {
		return nil, fmt.Errorf("file %q would not be valid after the change; change it by hand: %w", f.name, fault.ErrConflict)
	}
	return out, nil
}

// lineStart is where the line begins that a byte is in; lineEnd is where it ends,
// before its line end; nextLine is where the next one begins.
func (f *file) lineStart(at int) int { return bytes.LastIndexByte(f.text[:at], '\n') + 1 }

func (f *file) lineEnd(at int) int {
	i := bytes.IndexByte(f.text[at:], '\n')
	if i < 0 {
		return len(f.text)
	}
	if i > 0 && f.text[at+i-1] == '\r' {
		i--
	}
	return at + i
}

func (f *file) nextLine(at int) int {
	i := bytes.IndexByte(f.text[at:], '\n')
	if i < 0 {
		return len(f.text)
	}
	return at + i + 1
}

// indent is the white space that the line of a byte begins with.
func (f *file) indent(at int) string {
	line := f.text[f.lineStart(at):]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// alone reports whether nothing but white space is before a byte on its line.
func (f *file) alone(at int) bool { return len(bytes.TrimSpace(f.text[f.lineStart(at):at])) == 0 }
