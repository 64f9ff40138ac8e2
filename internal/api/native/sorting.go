package native

import (
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// sorted are the parameters of a list that is read page by page in one of some
// orders; about says what they sort by.
func sorted[T ~string](orders []T, about string, more ...param) []param {
	by := param{name: "sort", doc: "What the list is sorted by: " + about + ". A minus before it puts the greatest first. What has no value comes last."}
	for _, o := range orders {
		by.words = append(by.words, string(o), "-"+string(o))
	}
	return paging(append(more, by)...)
}

// order gives what the request sorts by.
func (q *request) order() (by string, descending bool) {
	by, descending = strings.CutPrefix(q.text("sort"), "-")
	return by, descending
}

// words gives what the request searches for.
func (q *request) words() []string { return strings.Fields(strings.ToLower(q.text("q"))) }

// sortedCursor is where a page ended, in the order that it had.
type sortedCursor[P any] struct {
	Sort string `json:"sort,omitempty"`
	At   *P     `json:"at"`
}

// place gives where the page before ended; nil for the first page.
func place[P any](q *request) (*P, error) {
	if q.text("cursor") == "" {
		return nil, nil
	}
	var c sortedCursor[P]
	if err := q.cursor(&c); err != nil {
		return nil, err
	}
	if c.At == nil || c.Sort != q.text("sort") {
		return nil, fmt.Errorf("cursor %q is of a list in another order: %w", bound(q.text("cursor")), fault.ErrInvalid)
	}
	return c.At, nil
}

// after makes the cursor that continues after a place; there is none after the last page.
func after[P any](q *request, at *P) string {
	if at == nil {
		return ""
	}
	return next(sortedCursor[P]{Sort: q.text("sort"), At: at})
}
