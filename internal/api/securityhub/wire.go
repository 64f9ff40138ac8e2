package securityhub

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/fault"
)

// call is one request on its way through a handler.
type call struct {
	*http.Request

	caller api.Caller
}

// maxList bounds a page of a short list (API Reference).
const maxList = 100

// empty is the answer of operations that have none.
type empty struct{}

// document is an answer that is encoded already.
type document []byte

// decode reads the request's body; an empty one is an empty object.
func decode(c *call, into any) error {
	body, err := io.ReadAll(c.Body)
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return fmt.Errorf("body: %w", err)
		}
		return invalid("body", "%v", err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	err = json.Unmarshal(body, into)
	wrong := (*json.UnmarshalTypeError)(nil)
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return invalid(wrong.Field, "%s is of the wrong type", wrong.Value)
	case errors.As(err, &wrong):
		return invalid("body", "%s, want an object", wrong.Value)
	case err != nil:
		return invalid("body", "%v", err)
	}
	return nil
}

// write encodes an answer.
func write(w http.ResponseWriter, status int, answer any) error {
	body, ok := answer.(document)
	if !ok {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(answer); err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
		body = b.Bytes()
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // nobody is left to tell
	return nil
}

// listing encodes documents as the list of a name, with the token of the next page.
func listing(name string, documents [][]byte, next string) (document, error) {
	size := len(name) + len(next) + 64
	for _, d := range documents {
		size += len(d) + 1
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	fmt.Fprintf(b, "{%q:[", name)
	for i, d := range documents {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(d)
	}
	b.WriteByte(']')
	if next != "" {
		token, err := json.Marshal(next)
		if err != nil {
			return nil, fmt.Errorf("encode the token: %w", err)
		}
		b.WriteString(`,"NextToken":`)
		b.Write(token)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// timestamp is a time in the API's JSON: ISO 8601 in UTC with milliseconds.
type timestamp time.Time

// MarshalText gives the ISO 8601 form.
func (t timestamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

// UnmarshalText reads the ISO 8601 form.
func (t *timestamp) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return fmt.Errorf("time %q: want ISO 8601 such as 2026-11-25T09:00:00Z: %w", text, fault.ErrInvalid)
	}
	*t = timestamp(at)
	return nil
}

// limit gives the size of a page: the default when it was not asked for.
func limit(member string, asked *int, highest, otherwise int) (int, error) {
	if asked == nil {
		return otherwise, nil
	}
	if *asked < 1 || *asked > highest {
		return 0, invalid(member, "%d: want 1 to %d", *asked, highest)
	}
	return *asked, nil
}

// page reads the paging members of a query string.
func (c *call) page(highest int) (size int, token string, err error) {
	q := c.URL.Query()
	var asked *int
	if text := q.Get("MaxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, "", invalid("MaxResults", "%q: want a number", text)
		}
		asked = &n
	}
	size, err = limit("MaxResults", asked, highest, highest)
	return size, q.Get("NextToken"), err
}

// choice gives a member of the query string that has one of some values; "" when it
// is not there.
func (c *call) choice(member string, values ...string) (string, error) {
	v := c.URL.Query().Get(member)
	if v != "" && !slices.Contains(values, v) {
		return "", invalid(member, "%q: want one of %s", v, strings.Join(values, ", "))
	}
	return v, nil
}

// label gives a part of the path, which is percent-decoded.
func (c *call) label(name string) (string, error) {
	v := c.PathValue(name)
	if strings.TrimSpace(v) == "" {
		return "", invalid(name, "want a text that is not blank")
	}
	return v, nil
}

// filled reports the first of pairs of member and value that is missing or blank.
func filled(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.TrimSpace(pairs[i+1]) == "" {
			return invalid(pairs[i], "want a text that is not blank")
		}
	}
	return nil
}

// notBlank reports an optional member that is there and blank.
func notBlank(member string, v *string) error {
	if v != nil && strings.TrimSpace(*v) == "" {
		return invalid(member, "want a text that is not blank")
	}
	return nil
}

// deref gives the value of an optional member.
func deref[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

// notNil makes an absent list an empty one, which is [] in JSON.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// invalid says what is wrong with a member of a request.
func invalid(member, format string, args ...any) error {
	return fmt.Errorf("%s: %s: %w", member, fmt.Sprintf(format, args...), fault.ErrInvalid)
}
