package search

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// Decode reads a document for Match, Values and the like.
func Decode(document []byte) (any, error) {
	var d any
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("document is no JSON: %w: %w", err, fault.ErrInvalid)
	}
	return d, nil
}

// Pair is one entry of a map field.
type Pair struct{ Key, Value string }

// Values gives what stands at a dotted path of a decoded document, in the order of
// the document. A list on the way gives the values of all its elements; what is
// missing, null or an object gives none.
func Values(document any, path string) []any {
	name, rest, more := strings.Cut(path, ".")
	switch d := document.(type) {
	case []any:
		var list []any
		for _, e := range d {
			list = append(list, Values(e, path)...)
		}
		return list
	case map[string]any:
		if more {
			return Values(d[name], rest)
		}
		return leaves(d[name])
	}
	return nil
}

func leaves(v any) []any {
	switch v := v.(type) {
	case nil, map[string]any:
		return nil
	case []any:
		var list []any
		for _, e := range v {
			list = append(list, leaves(e)...)
		}
		return list
	}
	return []any{v}
}

// Texts gives the distinct texts of a text field. A NUL, which PostgreSQL cannot
// hold, reads as the replacement character.
func Texts(document any, path string) []string {
	var list []string
	for _, v := range Values(document, path) {
		if text, ok := v.(string); ok {
			list = append(list, clean(text))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func clean(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }

// Numbers gives the distinct numbers of a number field, ascending.
func Numbers(document any, path string) []float64 {
	var list []float64
	for _, v := range Values(document, path) {
		if n, ok := v.(float64); ok {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Booleans gives the distinct values of a boolean field.
func Booleans(document any, path string) []bool {
	var list []bool
	for _, v := range Values(document, path) {
		if b, ok := v.(bool); ok && !slices.Contains(list, b) {
			list = append(list, b)
		}
	}
	return list
}

// Times gives the distinct times of a date field, ascending. A text that is no
// RFC 3339 time is no value.
func Times(document any, path string) []time.Time {
	var list []time.Time
	for _, v := range Values(document, path) {
		text, _ := v.(string)
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			list = append(list, at.UTC())
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}

// Pairs gives the distinct entries of a map field: of an object, or of a list of
// objects with name (or Key) and value (or Value, or values).
func Pairs(document any, path string) []Pair {
	var list []Pair
	add := func(key string, value any) {
		for _, v := range leaves(value) {
			if text, ok := v.(string); ok {
				list = append(list, Pair{Key: clean(key), Value: clean(text)})
			}
		}
	}
	for _, o := range objects(document, path) {
		key, named := text(o, "name", "Key")
		if !named {
			for _, k := range slices.Sorted(maps.Keys(o)) {
				add(k, o[k])
			}
			continue
		}
		for _, member := range []string{"value", "Value", "values"} {
			add(key, o[member])
		}
	}
	slices.SortFunc(list, func(a, b Pair) int { return strings.Compare(a.Key+"\x00"+a.Value, b.Key+"\x00"+b.Value) })
	return slices.Compact(list)
}

func text(o map[string]any, names ...string) (string, bool) {
	for _, name := range names {
		if s, ok := o[name].(string); ok {
			return s, true
		}
	}
	return "", false
}

// objects gives the objects at a path, those of lists one by one.
func objects(document any, path string) []map[string]any {
	switch d := document.(type) {
	case []any:
		var list []map[string]any
		for _, e := range d {
			list = append(list, objects(e, path)...)
		}
		return list
	case map[string]any:
		if path == "" {
			return []map[string]any{d}
		}
		name, rest, _ := strings.Cut(path, ".")
		return objects(d[name], rest)
	}
	return nil
}
