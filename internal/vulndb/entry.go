package vulndb

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash/maphash"

	"github.com/anchore/grype/grype/distro"
	"github.com/anchore/grype/grype/pkg"
	"github.com/anchore/syft/syft/format/syftjson"
	syftpkg "github.com/anchore/syft/syft/pkg"

	"github.com/eksposure/eksposure/internal/vuln"
)

// entry is what is kept of one package of a document.
type entry struct {
	id        string
	identity  identity
	described vuln.Package
	// paths and owned are hashes of where the package was found and of the files
	// it owns. Equal hashes of unlike paths only make packages be matched
	// together that need not be.
	paths, owned []uint64
}

// entries gives the packages of the document in its order, and decodes those
// whose bytes are not known. Packages of one ID are errUnusual: syft merges them.
func (d *DB) entries(doc *document, fr frame) ([]*entry, error) {
	out := make([]*entry, len(doc.artifacts))
	ids := make(map[string]bool, len(doc.artifacts))
	h := sha256.New()
	for i, raw := range doc.artifacts {
		var key [sha256.Size]byte
		h.Reset()
		h.Write(fr.id[:])
		h.Write(raw)
		h.Sum(key[:0])
		e, ok := d.memory.entries.get(key)
		if !ok {
			var err error
			if e, err = d.entry(doc, raw, fr.distro); err != nil {
				return nil, err
			}
			d.memory.entries.put(key, e, 1+(len(e.paths)+len(e.owned))/entryHashes)
		}
		if ids[e.id] {
			return nil, errUnusual
		}
		ids[e.id] = true
		out[i] = e
	}
	return out, nil
}

// entryHashes is how many path hashes weigh as much as the rest of an entry.
const entryHashes = 100

func (d *DB) entry(doc *document, raw []byte, release *distro.Distro) (*entry, error) {
	sp, p, err := decodeOne(doc, raw, release)
	if err != nil {
		return nil, err
	}
	e := &entry{id: string(p.ID), identity: identify(p), described: describePackage(p)}
	for _, l := range sp.Locations.ToSlice() {
		e.paths = append(e.paths, maphash.String(d.memory.seed, l.RealPath))
	}
	if owner, ok := sp.Metadata.(pkg.FileOwner); ok {
		for _, f := range owner.OwnedFiles() {
			e.owned = append(e.owned, maphash.String(d.memory.seed, f))
		}
	}
	return e, nil
}

// decodeOne decodes a single package as syft and Grype do.
func decodeOne(doc *document, raw []byte, release *distro.Distro) (sp syftpkg.Package, p pkg.Package, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errUnusual
		}
	}()
	alone := &document{schema: doc.schema}
	sbom, _, _, err := syftjson.NewFormatDecoder().Decode(bytes.NewReader(alone.only([][]byte{raw}, nil)))
	if err != nil {
		return sp, p, errUnusual
	}
	all := sbom.Artifacts.Packages.Sorted()
	if len(all) != 1 || all[0].ID() == "" {
		return sp, p, errUnusual
	}
	sp = all[0]
	made := pkg.FromPtrs(pkg.FromPackages(all, nil, pkg.SynthesisConfig{}))
	if len(made) != 1 {
		return sp, p, fmt.Errorf("package %q became %d: %w", sp.Name, len(made), errUnusual)
	}
	p = made[0]
	if p.Distro == nil {
		p.Distro = release
	}
	return sp, p, nil
}

// findRelated gives the indexes of the packages that own files of another one
// of the document or are owned by one. Grype takes the document's word when it
// states any such relationship, and else compares paths
// (pkg.FromPackages in v0.121.2).
func findRelated(doc *document, known []*entry) map[int]bool {
	index := make(map[string]int, len(known))
	for i, e := range known {
		index[e.id] = i
	}
	related := map[int]bool{}
	for _, o := range doc.owning {
		parent, ok := index[o.Parent]
		child, found := index[o.Child]
		if ok && found {
			related[parent], related[child] = true, true
		}
	}
	if len(related) > 0 {
		return related
	}
	at := map[uint64][]int{}
	for i, e := range known {
		for _, h := range e.paths {
			at[h] = append(at[h], i)
		}
	}
	for i, e := range known {
		for _, h := range e.owned {
			for _, j := range at[h] {
				if j != i {
					related[i], related[j] = true, true
				}
			}
		}
	}
	return related
}
