package vulndb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// errUnusual means that a document cannot be answered package by package.
var errUnusual = errors.New("unusual document")

// document is a syft JSON document cut into the parts that matching depends on,
// without decoding them. Its slices lie in the document's own bytes.
type document struct {
	artifacts [][]byte // the packages
	owning    []owning // which package owns another's files
	// distro, descriptor and schema are as in the document, nil when absent.
	distro, descriptor, schema []byte
}

// owning is a relationship "ownership-by-file-overlap".
type owning struct {
	Parent string `json:"parent"`
	Child  string `json:"child"`
	Type   string `json:"type"`
	raw    []byte
}

// ownership is the one type of relationship that Grype's answer depends on.
const ownership = "ownership-by-file-overlap"

// split cuts a document. It cuts only what it understands in full: a repeated
// key, a key in another case (which encoding/json accepts) or an escape in a key
// is errUnusual, and so is anything malformed, so that the decoder judges it.
// What matching does not depend on (files, source, the relationships of packages
// to files) is stepped over and not judged.
func split(raw []byte) (*document, error) {
	doc := &document{}
	seen := map[string]bool{}
	s := scanner{b: raw}
	if !s.object(func(key, value []byte) bool {
		k := string(key)
		if seen[k] {
			return false
		}
		seen[k] = true
		switch k {
		case "artifacts":
			return elements(value, func(e []byte) bool {
				doc.artifacts = append(doc.artifacts, e)
				return e[0] == '{'
			})
		case "artifactRelationships":
			return elements(value, doc.relationship)
		case "distro":
			doc.distro = value
		case "descriptor":
			doc.descriptor = value
		case "schema":
			doc.schema = value
		case "files", "source":
		default:
			return false
		}
		return true
	}) || !s.end() || doc.schema == nil {
		return nil, errUnusual
	}
	return doc, nil
}

// relationship keeps an ownership. Only an entry that spells the type, or that
// may spell it with an escape, is decoded.
func (d *document) relationship(e []byte) bool {
	if !bytes.Contains(e, []byte(ownership)) && bytes.IndexByte(e, '\\') < 0 {
		return true
	}
	o := owning{raw: e}
	if err := json.Unmarshal(e, &o); err != nil {
		return false
	}
	if o.Type == ownership {
		d.owning = append(d.owning, o)
	}
	return true
}

// only makes the document that has just these packages and ownerships.
func (d *document) only(artifacts [][]byte, owns []owning) []byte {
	var b bytes.Buffer
	b.WriteString(`{"artifacts":[`)
	b.Write(bytes.Join(artifacts, []byte(",")))
	b.WriteString(`],"artifactRelationships":[`)
	for i, o := range owns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(o.raw)
	}
	b.WriteByte(']')
	for _, p := range []struct {
		key   string
		value []byte
	}{{"distro", d.distro}, {"descriptor", d.descriptor}, {"schema", d.schema}} {
		if p.value != nil {
			fmt.Fprintf(&b, ",%q:%s", p.key, p.value)
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}

// elements calls each for the elements of a JSON array; null is an empty one.
func elements(value []byte, each func([]byte) bool) bool {
	if string(value) == "null" {
		return true
	}
	s := scanner{b: value}
	return s.array(each) && s.end()
}

// scanner steps through JSON without decoding it.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

// next steps over one byte if it is c.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// end reports whether only white space is left.
func (s *scanner) end() bool {
	s.space()
	return s.i == len(s.b)
}

// object calls each for the members of an object. A key with an escape stops it.
func (s *scanner) object(each func(key, value []byte) bool) bool {
	if !s.next('{') {
		return false
	}
	if s.next('}') {
		return true
	}
	for {
		s.space()
		key, ok := s.text()
		if !ok || bytes.IndexByte(key, '\\') >= 0 || !s.next(':') {
			return false
		}
		value, ok := s.value()
		if !ok || !each(key[1:len(key)-1], value) {
			return false
		}
		if s.next('}') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

// array calls each for the elements of an array.
func (s *scanner) array(each func([]byte) bool) bool {
	if !s.next('[') {
		return false
	}
	if s.next(']') {
		return true
	}
	for {
		value, ok := s.value()
		if !ok || !each(value) {
			return false
		}
		if s.next(']') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

// value steps over one value of any type and gives its bytes.
func (s *scanner) value() ([]byte, bool) {
	s.space()
	start, depth := s.i, 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			if _, ok := s.text(); !ok {
				return nil, false
			}
		case '{', '[':
			depth++
			s.i++
		case '}', ']':
			if depth == 0 { // the end of what this value is in
				return s.b[start:s.i], s.i > start
			}
			depth--
			s.i++
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return s.b[start:s.i], s.i > start
			}
			s.i++
			continue
		default:
			s.i++
			continue
		}
		if depth == 0 {
			return s.b[start:s.i], true
		}
	}
	return s.b[start:s.i], depth == 0 && s.i > start
}

// text steps over one string and gives its bytes with the quotes.
func (s *scanner) text() ([]byte, bool) {
	start := s.i
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		return nil, false
	}
	s.i++
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			return nil, false
		}
		s.i += n + 1
		escapes := 0
		for j := s.i - 2; j > start && s.b[j] == '\\'; j-- {
			escapes++
		}
		if escapes%2 == 0 {
			return s.b[start:s.i], true
		}
	}
}
