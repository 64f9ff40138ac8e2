package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// sighting is the part of a finding that moves with every scan, kept beside the
// document so that an unchanged document need not be written again.
type sighting struct {
	At time.Time `json:"at"`
	// Traits are the places in the finding's list of those last seen at At.
	Traits []int `json:"traits,omitempty"`
}

// part takes the sighting out of a finding; join puts it back. The finding that
// was passed stays as it is.
func part(f *exposure.Finding) (exposure.Finding, sighting) {
	rest, seen := *f, sighting{At: f.LastSeen}
	rest.LastSeen = time.Time{}
	rest.Traits = slices.Clone(f.Traits)
	for i := range rest.Traits {
		if t := &rest.Traits[i]; !t.LastSeen.IsZero() && t.LastSeen.Equal(f.LastSeen) {
			t.LastSeen = time.Time{}
			seen.Traits = append(seen.Traits, i)
		}
	}
	return rest, seen
}

func (s sighting) join(f *exposure.Finding) error {
	f.LastSeen = s.At
	for _, i := range s.Traits {
		if i < 0 || i >= len(f.Traits) {
			return fmt.Errorf("trait %d of %d was seen: %w", i, len(f.Traits), fault.ErrInvalid)
		}
		f.Traits[i].LastSeen = s.At
	}
	return nil
}

// sealed is a finding made ready for its tables.
type sealed struct {
	document    []byte
	fingerprint string
	seen        string
}

func seal(f *exposure.Finding) (sealed, error) {
	rest, seen := part(f)
	document, err := json.Marshal(rest)
	if err != nil {
		return sealed{}, err
	}
	sightings, err := json.Marshal(seen)
	if err != nil {
		return sealed{}, err
	}
	sum := sha256.Sum256(document)
	return sealed{document: document, fingerprint: hex.EncodeToString(sum[:16]), seen: string(sightings)}, nil
}

// unseal reads what seal wrote. A document with no sighting tells everything itself.
func (db *DB) unseal(document []byte, seen string) (*exposure.Finding, error) {
	data, err := db.expand(document)
	if err != nil {
		return nil, err
	}
	var f exposure.Finding
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, db.damaged(err)
	}
	if seen == "" {
		return &f, nil
	}
	var s sighting
	if err := json.Unmarshal([]byte(seen), &s); err != nil {
		return nil, db.damaged(err)
	}
	if err := s.join(&f); err != nil {
		return nil, db.damaged(err)
	}
	return &f, nil
}

func (db *DB) compress(data []byte) []byte { return db.encoder.EncodeAll(data, nil) }

func (db *DB) expand(data []byte) ([]byte, error) {
	out, err := db.decoder.DecodeAll(data, nil)
	if err != nil {
		return nil, db.damaged(err)
	}
	return out, nil
}

// damaged marks a document that cannot be read back.
func (db *DB) damaged(err error) error {
	return fmt.Errorf("database %q holds a damaged document; %s: %w: %w", db.name, db.engine.advice(), err, fault.ErrInvalid)
}
