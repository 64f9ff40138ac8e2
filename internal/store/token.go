package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// position is a place in an order.
type position struct {
	// None is before everything.
	None   bool     `json:"-"`
	Keys   []keyAt  `json:"k,omitempty"`
	Number int64    `json:"n"`
	_      struct{} // fields are named
}

// keyAt is the value of one key there: one of Text, Integer and Real, or Missing.
type keyAt struct {
	Missing bool     `json:"m,omitempty"`
	Text    *string  `json:"t,omitempty"`
	Integer *int64   `json:"i,omitempty"`
	Real    *float64 `json:"r,omitempty"`
}

func (k keyAt) value() any {
	switch {
	case k.Text != nil:
		return *k.Text
	case k.Integer != nil:
		return *k.Integer
	case k.Real != nil:
		return *k.Real
	}
	return nil
}

// fits reports whether the key can stand in an order.
func (k keyAt) fits(by sortKey) bool {
	given := 0
	for _, is := range []bool{k.Missing, k.Text != nil, k.Integer != nil, k.Real != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return false
	case k.Missing:
		return !by.integer
	case by.text:
		return k.Text != nil
	case by.integer:
		return k.Integer != nil
	}
	return k.Real != nil
}

// walk is what a token holds: where a walk is, and where the change log was when
// it began.
type walk struct {
	// Request binds the token to the request that it continues.
	Request []byte   `json:"q"`
	At      position `json:"a"`
	// Change is the last change when the walk began, Began the time then.
	Change int64 `json:"c"`
	Began  int64 `json:"b"`
	// Tail tells that the order was walked to its end; what moved meanwhile follows,
	// in the order of Moved and Item.
	Tail  bool  `json:"l,omitempty"`
	Moved int64 `json:"v,omitempty"`
	Item  int64 `json:"o,omitempty"`
}

// sealToken writes a token with a checksum, so that one that was changed is not
// taken. It gives no rights: whoever makes one up is asked for their scope all the
// same, and gets another place in what they may see.
func sealToken(w walk) (string, error) {
	text, err := json.Marshal(w)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(checksum(text), text...)), nil
}

const checksumBytes = 12

func checksum(text []byte) []byte {
	sum := sha256.Sum256(append([]byte("eksposure token\n"), text...))
	return sum[:checksumBytes]
}

var errToken = fmt.Errorf("NextToken is none of this request: send the one of the page before with the same filters and order: %w", fault.ErrInvalid)

// openToken reads a token; nothing is the beginning of a walk.
func openToken(token string, request []byte, o order) (walk, error) {
	if token == "" {
		return walk{Request: request, At: position{None: true}}, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(data) < checksumBytes || !bytes.Equal(data[:checksumBytes], checksum(data[checksumBytes:])) {
		return walk{}, errToken
	}
	var w walk
	if err := json.Unmarshal(data[checksumBytes:], &w); err != nil || !bytes.Equal(w.Request, request) || len(w.At.Keys) != len(o) {
		return walk{}, errToken
	}
	for i, k := range w.At.Keys {
		if !k.fits(o[i]) {
			return walk{}, errToken
		}
	}
	return w, nil
}

// requestKey names what a token belongs to: the collection, filters and order. The
// page's size may change on the way, and so may what relative dates are relative to.
func requestKey(c *collection, r search.Request) ([]byte, error) {
	text, err := json.Marshal([]any{c.table, r.Filters, r.Sort, r.Scope})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return sum[:checksumBytes], nil
}
