package vulndb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"

	"github.com/anchore/grype/grype/distro"
	"github.com/anchore/grype/grype/match"
	"github.com/anchore/grype/grype/pkg"
	"github.com/anchore/syft/syft/format/cyclonedxjson"
	"github.com/anchore/syft/syft/format/syftjson"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// answer is what one document came to.
type answer struct {
	os      vuln.OS
	matches []vuln.Match
}

// find matches one document. The usual document is answered package by package
// from memory; whatever is unusual about one sends it the plain way.
func (d *DB) find(ctx context.Context, s vuln.SBOM) (answer, error) {
	raw := s.Document
	if s.Format == vuln.FormatCycloneDX {
		return d.findCycloneDX(ctx, raw)
	}
	if id, _ := syftjson.NewFormatDecoder().Identify(bytes.NewReader(raw)); id != syftjson.ID {
		return answer{}, fmt.Errorf("read SBOM document: not syft JSON: %w", fault.ErrInvalid)
	}
	if d.cfg.Forget {
		return d.findPlain(ctx, raw, newMatchers())
	}
	found, err := d.findRemembered(ctx, raw)
	if errors.Is(err, errUnusual) {
		return d.findPlain(ctx, raw, rememberingMatchers(d.memory))
	}
	return found, err
}

// findCycloneDX matches another tool's bill of materials. It lacks some of what our
// own say (which package owns a file, where a package was found), so the answer is
// Grype's for that document and may be coarser than for the image itself.
func (d *DB) findCycloneDX(ctx context.Context, raw []byte) (answer, error) {
	if id, _ := cyclonedxjson.NewFormatDecoder().Identify(bytes.NewReader(raw)); id != cyclonedxjson.ID {
		return answer{}, fmt.Errorf("read SBOM document: not CycloneDX JSON: %w", fault.ErrInvalid)
	}
	return d.findPlain(ctx, raw, newMatchers())
}

// findPlain is Grype's own way: decode all, match all.
func (d *DB) findPlain(ctx context.Context, raw []byte, matchers []match.Matcher) (answer, error) {
	packages, about, err := decode(raw)
	if err != nil {
		return answer{}, err
	}
	matches, err := d.matchTogether(ctx, packages, matchers)
	if err != nil {
		return answer{}, err
	}
	return answer{os: d.endOfLife(about.Distro), matches: matches}, nil
}

func (d *DB) matchTogether(ctx context.Context, packages []pkg.Package, matchers []match.Matcher) ([]vuln.Match, error) {
	found, err := run(ctx, d.provider, matchers, packages)
	if err != nil {
		return nil, fmt.Errorf("match packages: %w", err)
	}
	var out []vuln.Match
	for _, m := range found {
		v, err := d.convert(m)
		if err != nil {
			return nil, err
		}
		v.Package = describePackage(m.Package)
		out = append(out, v)
	}
	return out, d.readable()
}

// findRemembered answers package by package.
//
// A package's matches depend on nothing but the package and the distribution,
// with one exception: Grype drops what a package shares with the package that
// owns its files. So the packages with such a relation go through Grype
// together, and each other one is answered by the bytes of its entry.
func (d *DB) findRemembered(ctx context.Context, raw []byte) (answer, error) {
	doc, err := split(raw)
	if err != nil {
		return answer{}, err
	}
	fr, err := d.frame(doc)
	if err != nil {
		return answer{}, err
	}
	known, err := d.entries(doc, fr)
	if err != nil {
		return answer{}, err
	}
	related := findRelated(doc, known)
	out := answer{os: fr.os}
	if out.matches, err = d.answerAlone(ctx, alone{doc: doc, release: fr.distro, entries: known, related: related}); err != nil {
		return answer{}, err
	}
	together, err := d.answerRelated(ctx, doc, related)
	if err != nil {
		return answer{}, err
	}
	out.matches = append(out.matches, together...)
	return out, nil
}

// frame is what a document says besides its packages.
type frame struct {
	distro *distro.Distro
	os     vuln.OS
	id     [sha256.Size]byte
}

func (d *DB) frame(doc *document) (frame, error) {
	empty := doc.only(nil, nil)
	id := sha256.Sum256(empty)
	if known, ok := d.memory.frames.get(id); ok {
		return known, nil
	}
	_, about, err := decode(empty)
	if err != nil {
		return frame{}, errUnusual // the plain way words the error
	}
	fr := frame{distro: about.Distro, os: d.endOfLife(about.Distro), id: id}
	d.memory.frames.put(id, fr, 1)
	return fr, nil
}

// alone is a document's packages but for those that share files.
type alone struct {
	doc     *document
	release *distro.Distro
	entries []*entry
	related map[int]bool
}

// answerAlone gives the matches of the packages that share no files with others.
func (d *DB) answerAlone(ctx context.Context, a alone) ([]vuln.Match, error) {
	answers := make([]*answered, len(a.entries))
	var unanswered []pkg.Package
	for i, e := range a.entries {
		if a.related[i] {
			continue
		}
		if e.identity != (identity{}) {
			if known, ok := d.memory.answered.get(e.identity); ok {
				answers[i] = known
				continue
			}
		}
		_, p, err := decodeOne(a.doc, a.doc.artifacts[i], a.release)
		if err != nil {
			return nil, err
		}
		unanswered = append(unanswered, p)
	}
	fresh, err := d.answerFresh(ctx, unanswered)
	if err != nil {
		return nil, err
	}
	var out []vuln.Match
	for i, e := range a.entries {
		if a.related[i] {
			continue
		}
		found := answers[i]
		if found == nil {
			found = fresh[pkg.ID(e.id)]
		}
		if found.foreign {
			return nil, errUnusual
		}
		for _, m := range found.matches {
			m.Package = e.described
			out = append(out, m)
		}
	}
	return out, nil
}

// answerFresh matches packages that were not known and remembers the answers.
func (d *DB) answerFresh(ctx context.Context, packages []pkg.Package) (map[pkg.ID]*answered, error) {
	out := make(map[pkg.ID]*answered, len(packages))
	if len(packages) == 0 {
		return out, nil
	}
	matchers, seen := watchingMatchers()
	found, err := run(ctx, d.provider, matchers, packages)
	if err != nil {
		return nil, fmt.Errorf("match packages: %w", err)
	}
	for _, p := range packages {
		out[p.ID] = &answered{foreign: seen.foreign[p.ID]}
	}
	for _, m := range found {
		a := out[m.Package.ID]
		v, err := d.convert(m)
		if err != nil {
			return nil, err
		}
		a.matches = append(a.matches, v)
	}
	if err := d.readable(); err != nil {
		return nil, err
	}
	for _, p := range packages {
		id := identify(p)
		if seen.failed[p.ID] {
			d.cfg.Log.WarnContext(ctx, "a package could not be matched in full",
				slog.String("package", p.Name), slog.String("version", p.Version), slog.String("type", string(p.Type)))
			continue
		}
		if id != (identity{}) {
			d.memory.answered.put(id, out[p.ID], 1+len(out[p.ID].matches))
		}
	}
	return out, nil
}

// answerRelated matches the packages that share files, as a document of only those.
func (d *DB) answerRelated(ctx context.Context, doc *document, related map[int]bool) ([]vuln.Match, error) {
	if len(related) == 0 {
		return nil, nil
	}
	var artifacts [][]byte
	for i, a := range doc.artifacts {
		if related[i] {
			artifacts = append(artifacts, a)
		}
	}
	packages, _, err := decode(doc.only(artifacts, doc.owning))
	if err != nil {
		return nil, errUnusual
	}
	return d.matchTogether(ctx, packages, rememberingMatchers(d.memory))
}
