package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// A page is a finding's OCSF document ready to be sent, with holes where the time
// stands at which it was last seen: that moves with every scan, and the page does
// not. It is a count of holes, each with its kind and the bytes since the one
// before, and then the document without what is to be filled in.

// holeKind is how a hole writes the time.
type holeKind byte

// The kinds.
const (
	holeMillis   holeKind = iota + 1 // last_seen_time
	holeMoment                       // last_seen_time_dt
	holeSighting                     // last_seen of a trait
)

func (k holeKind) write(at time.Time) string {
	switch k {
	case holeMillis:
		return strconv.FormatInt(at.UnixMilli(), 10)
	case holeMoment:
		return at.UTC().Format("2006-01-02T15:04:05.000Z")
	case holeSighting:
		return at.UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// standIns are times that stand for the one to be filled in: far from all that is
// seen, and different for the two ways to write one.
func standIns(n int64) map[holeKind]time.Time {
	finding := time.UnixMilli(253360069443011 + 2*n)
	return map[holeKind]time.Time{holeMillis: finding, holeMoment: finding, holeSighting: finding.Add(time.Millisecond)}
}

// page writes a finding's page; document is the finding in JSON. It also gives the
// text of the OCSF document, with times that mean nothing in place of the holes: no
// field of the dictionary is there.
func (db *DB) page(f *exposure.Finding, document []byte) (page, text []byte, err error) {
	o := db.ocsf
	o.ProcessedAt = db.now()
	if f.LastSeen.IsZero() {
		text, err = json.Marshal(ocsf.Finding(f, o))
		return append([]byte{0}, text...), text, err
	}
	for n := range int64(1 << 10) {
		at := standIns(n)
		if mentions(document, at) {
			continue // a tag may say anything
		}
		marked := *f
		marked.LastSeen = at[holeMillis]
		marked.Traits = slices.Clone(f.Traits)
		for i := range marked.Traits {
			if t := &marked.Traits[i]; t.LastSeen.Equal(f.LastSeen) {
				t.LastSeen = at[holeSighting].UTC()
			}
		}
		if text, err = json.Marshal(ocsf.Finding(&marked, o)); err != nil {
			return nil, nil, err
		}
		return cut(text, at), text, nil
	}
	return nil, nil, errors.New("the finding mentions every time that could stand for its own")
}

func mentions(document []byte, at map[holeKind]time.Time) bool {
	for kind, t := range at {
		if bytes.Contains(document, []byte(kind.write(t))) {
			return true
		}
	}
	return false
}

// cut makes the holes.
func cut(text []byte, at map[holeKind]time.Time) []byte {
	var holes, rest []byte
	count := uint64(0)
	last := 0
	for {
		next, kind := len(text), holeKind(0)
		for k, t := range at {
			if i := bytes.Index(text, []byte(k.write(t))); i >= 0 && i < next {
				next, kind = i, k
			}
		}
		rest = append(rest, text[:next]...)
		if kind == 0 {
			out := binary.AppendUvarint(nil, count)
			return append(append(out, holes...), rest...)
		}
		count++
		holes = binary.AppendUvarint(append(holes, byte(kind)), uint64(len(rest)-last))
		last = len(rest)
		text = text[next+len(kind.write(at[kind])):]
	}
}

var errPage = errors.New("page is cut off")

// fill writes the document of a page.
func fill(page []byte, seen time.Time) ([]byte, error) {
	count, n := binary.Uvarint(page)
	if n <= 0 {
		return nil, errPage
	}
	page = page[n:]
	type hole struct {
		kind holeKind
		at   int
	}
	holes := make([]hole, 0, min(count, 64))
	for range count {
		if len(page) == 0 {
			return nil, errPage
		}
		kind := holeKind(page[0])
		at, n := binary.Uvarint(page[1:])
		if n <= 0 || at > maxDocument {
			return nil, errPage
		}
		holes = append(holes, hole{kind, int(at)})
		page = page[1+n:]
	}
	out := make([]byte, 0, len(page)+len(holes)*len(time.RFC3339Nano))
	for _, h := range holes {
		if h.at > len(page) {
			return nil, errPage
		}
		out = append(append(out, page[:h.at]...), h.kind.write(seen)...)
		page = page[h.at:]
	}
	return append(out, page...), nil
}
