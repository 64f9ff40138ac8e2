package store

import (
	"strings"

	"github.com/tidwall/gjson"
)

// members are what is read of a document: the names on the way to the paths that
// are indexed. One with none under it is read whole.
type members map[string]members

// membersOf makes members of dotted paths.
func membersOf(paths []string) members {
	all := members{}
	for _, path := range paths {
		all.add(strings.Split(path, "."))
	}
	return all
}

func (m members) add(path []string) {
	under, met := m[path[0]]
	switch {
	case len(path) == 1:
		m[path[0]] = members{}
	case met && len(under) == 0: // it is read whole
	default:
		if !met {
			under = members{}
			m[path[0]] = under
		}
		under.add(path[1:])
	}
}

// read gives what search.Decode would, without the members that are not wanted.
// The text is JSON that this program wrote.
func (m members) read(text []byte) any { return m.value(gjson.ParseBytes(text)) }

func (m members) value(v gjson.Result) any {
	switch {
	case v.IsArray():
		list := []any{}
		v.ForEach(func(_, element gjson.Result) bool {
			list = append(list, m.value(element))
			return true
		})
		return list
	case v.IsObject() && len(m) == 0:
		return v.Value()
	case v.IsObject():
		object := map[string]any{}
		v.ForEach(func(name, element gjson.Result) bool {
			if under, ok := m[name.String()]; ok {
				object[name.String()] = under.value(element)
			}
			return true
		})
		return object
	case len(m) > 0:
		return nil // no field is on the way
	}
	return v.Value()
}
