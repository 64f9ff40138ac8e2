package native

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/fault"
)

// param is one parameter of the path or the query.
type param struct {
	name     string
	inPath   bool
	doc      string
	repeated bool // may be given several times; all mean "or"
	number   bool
	// words lists the values that it may have; empty means any text.
	words    []string
	least    int
	most     int
	standard int
	// shape is a regular expression that the whole text matches, as in JSON Schema.
	shape string
}

// The page's size.
const (
	defaultPage = 50
	maxPage     = 200
)

// maxParam bounds the text of one parameter: an ARN is at most 2048 characters.
const maxParam = 2048

// paging are the parameters of every list.
func paging(more ...param) []param {
	return append(more,
		param{name: "limit", doc: "How many items a page has at most.", number: true, least: 1, most: maxPage, standard: defaultPage},
		param{name: "cursor", doc: "next_cursor of the page before; leave it out for the first page. It belongs to the same filters."})
}

// request is a request whose parameters and body were read and checked.
type request struct {
	http   *http.Request
	caller api.Caller
	values map[string][]string
	// body is a pointer to a value of the operation's body type.
	body any
	// raw is the body when it is no JSON of ours.
	raw []byte
}

// read checks a request against its operation's parameters and body.
func (op operation) read(r *http.Request, c api.Caller) (*request, error) {
	q := &request{http: r, caller: c, values: map[string][]string{}}
	query := r.URL.Query()
	for _, p := range op.params {
		given := query[p.name]
		if p.inPath {
			given = []string{r.PathValue(p.name)}
		}
		delete(query, p.name)
		if err := p.check(given); err != nil {
			return nil, err
		}
		q.values[p.name] = given
	}
	for name := range query {
		return nil, fmt.Errorf("query parameter %q is not known to %s: %w", bound(name), op.name, fault.ErrInvalid)
	}
	if op.body == nil {
		return q, nil
	}
	return q, op.readBody(q)
}

func (p param) check(given []string) error {
	if len(given) > 1 && !p.repeated {
		return fmt.Errorf("parameter %q is given %d times, want once: %w", p.name, len(given), fault.ErrInvalid)
	}
	for _, v := range given {
		switch {
		case len(v) > maxParam:
			return fmt.Errorf("parameter %q is longer than %d characters: %w", p.name, maxParam, fault.ErrInvalid)
		case strings.ContainsRune(v, 0) || !utf8.ValidString(v):
			return fmt.Errorf("parameter %q is no text: %w", p.name, fault.ErrInvalid)
		case p.number:
			if n, err := strconv.Atoi(v); err != nil || n < p.least || n > p.most {
				return fmt.Errorf("parameter %q is %q: want a number from %d to %d: %w", p.name, bound(v), p.least, p.most, fault.ErrInvalid)
			}
		case len(p.words) > 0 && !slices.Contains(p.words, v):
			return fmt.Errorf("parameter %q is %q: want %s: %w", p.name, bound(v), strings.Join(p.words, ", "), fault.ErrInvalid)
		case p.shape != "" && !regexp.MustCompile(p.shape).MatchString(v):
			return fmt.Errorf("parameter %q is %q, which has the wrong form: %w", p.name, bound(v), fault.ErrInvalid)
		case v == "":
			return fmt.Errorf("parameter %q is empty: %w", p.name, fault.ErrInvalid)
		}
	}
	return nil
}

// readBody reads JSON of the operation's type, and refuses members it does not know.
func (op operation) readBody(q *request) error {
	want := op.bodyMedia()
	if media, _, err := mime.ParseMediaType(q.http.Header.Get("Content-Type")); err != nil || media != want {
		return fmt.Errorf("content type %q: want %s: %w", bound(q.http.Header.Get("Content-Type")), want, fault.ErrInvalid)
	}
	data, err := io.ReadAll(q.http.Body)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fmt.Errorf("the body is larger than %d bytes: %w", large.Limit, fault.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("the body could not be read: %w: %w", err, fault.ErrInvalid)
	}
	if _, raw := op.body.(rawBody); raw {
		q.raw = data
		return nil
	}
	body := reflect.New(reflect.TypeOf(op.body))
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(body.Interface()); err != nil {
		return fmt.Errorf("the body is not what %s takes: %s: %w", op.name, bound(err.Error()), fault.ErrInvalid)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the body has more than one JSON value: %w", fault.ErrInvalid)
	}
	q.body = body.Interface()
	return nil
}

// rawBody marks a body that is JSON of somebody else.
type rawBody struct{}

func (op operation) bodyMedia() string {
	if op.media != "" {
		return op.media
	}
	return mediaJSON
}

// bound shortens outside text for an error.
func bound(s string) string {
	const most = 200
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// text gives a parameter, or "".
func (q *request) text(name string) string {
	if v := q.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// texts gives a repeated parameter.
func (q *request) texts(name string) []string { return q.values[name] }

// number gives a numeric parameter, or what it is when left out.
func (q *request) number(name string, standard int) int {
	n, err := strconv.Atoi(q.text(name))
	if err != nil {
		return standard
	}
	return n
}

func (q *request) limit() int { return q.number("limit", defaultPage) }

// cursor reads the position that a page before gave; the first page has none.
func (q *request) cursor(into any) error {
	text := q.text("cursor")
	if text == "" {
		return nil
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		err = d.Decode(into)
	}
	if err != nil {
		return fmt.Errorf("cursor %q is none of this list's: %w", bound(text), fault.ErrInvalid)
	}
	return nil
}

// next makes the cursor that continues after a position. It tells nothing that the
// page did not, and a made-up one shows nothing that the caller may not see.
func next(position any) string {
	data, err := json.Marshal(position)
	if err != nil {
		return "" // cannot happen: positions are texts and numbers
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// mediaJSON is the media type of answers.
const mediaJSON = "application/json"

// write answers with JSON. A GET carries an entity tag, and a caller that names it
// in If-None-Match is told that nothing changed.
func (op operation) write(w http.ResponseWriter, r *http.Request, answer any) error {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	body, ok := answer.(json.RawMessage)
	if !ok {
		var err error
		if body, err = json.Marshal(answer); err != nil {
			return fmt.Errorf("encode the answer of %s: %w", op.name, err)
		}
	}
	h.Set("Content-Type", mediaJSON)
	if op.method == http.MethodGet {
		sum := sha256.Sum256(body)
		tag := `"` + hex.EncodeToString(sum[:16]) + `"`
		h.Set("ETag", tag)
		if matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	w.WriteHeader(op.code())
	_, err := w.Write(append(body, '\n'))
	if err != nil {
		return nil //nolint:nilerr // the caller is gone, and there is nobody to tell
	}
	return nil
}

// matches compares entity tags weakly, as If-None-Match does (RFC 9110, 13.1.2).
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == tag || part == "*" {
			return true
		}
	}
	return false
}

func (op operation) code() int {
	switch {
	case op.status != 0:
		return op.status
	case op.answer == nil && op.stream == nil:
		return http.StatusNoContent
	}
	return http.StatusOK
}
