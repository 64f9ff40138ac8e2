package vulndb

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/anchore/grype/grype/match"
	"github.com/anchore/grype/grype/pkg"
	"github.com/anchore/grype/grype/vulnerability"

	"github.com/eksposure/eksposure/internal/vuln"
)

// The bounds of what is remembered, in the unit each cache counts. Two
// generations of each are kept, so memory may hold twice as much.
const (
	// maxEntries bounds the packages known by the bytes of their SBOM entry;
	// one takes about 1 KiB, and a fleet of 1,000 unlike images has as many.
	maxEntries = 100_000
	// maxAnswered bounds the finished matches; one takes about 400 bytes.
	maxAnswered = 200_000
	// maxRaw bounds Grype's own matches, which take about 4 KiB each. They are
	// only kept for packages that own or are owned by others.
	maxRaw = 10_000
	// maxFacts bounds the vulnerabilities whose text and scores are shared by matches.
	maxFacts = 100_000
	// maxFrames bounds the distributions; a fleet has a dozen.
	maxFrames = 1_000
)

// identity is everything of a package that a matcher reads, hashed. The zero
// identity means that it is not known what they read of this one.
type identity [sha256.Size]byte

// memory is what a DB has answered so far. It belongs to one open database, so
// the build is part of every key by construction.
type memory struct {
	frames   *cache[[sha256.Size]byte, frame]
	entries  *cache[[sha256.Size]byte, *entry]
	seed     maphash.Seed
	answered *cache[identity, *answered]
	raw      *cache[rawKey, rawAnswer]
	facts    *cache[factKey, facts]
}

func newMemory() *memory {
	return &memory{
		frames:   newCache[[sha256.Size]byte, frame](maxFrames),
		entries:  newCache[[sha256.Size]byte, *entry](maxEntries),
		seed:     maphash.MakeSeed(),
		answered: newCache[identity, *answered](maxAnswered),
		raw:      newCache[rawKey, rawAnswer](maxRaw),
		facts:    newCache[factKey, facts](maxFacts),
	}
}

// answered is what a package that shares no files with others matches.
type answered struct {
	// matches lack the package, which differs per image in path and layer.
	matches []vuln.Match
	// foreign tells that the package also rules on other packages' matches, so
	// that it must be matched together with them.
	foreign bool
}

// identify hashes what Grype's matchers, qualifiers and name resolvers read of a
// package (v0.121.2: grype/matcher, grype/pkg/qualifier, grype/db/v6/name).
// They do not read its ID, locations, licences or related packages.
func identify(p pkg.Package) identity {
	type part struct {
		Name         string                `json:"name"`
		Version      string                `json:"version"`
		Language     string                `json:"language"`
		Type         string                `json:"type"`
		PURL         string                `json:"purl"`
		Distro       any                   `json:"distro"`
		CPEs         []string              `json:"cpes"`
		Upstreams    []pkg.UpstreamPackage `json:"upstreams"`
		MetadataType string                `json:"metadataType"`
		Metadata     any                   `json:"metadata"`
		Symbols      any                   `json:"symbols"`
	}
	id := part{
		Name: p.Name, Version: p.Version, Language: string(p.Language), Type: string(p.Type), PURL: p.PURL,
		Upstreams: p.Upstreams, Metadata: p.Metadata, MetadataType: fmt.Sprintf("%T", p.Metadata),
	}
	if p.Distro != nil {
		id.Distro = *p.Distro
	}
	for _, c := range p.CPEs {
		id.CPEs = append(id.CPEs, c.Attributes.BindToFmtString()+" "+string(c.Source))
	}
	switch m := p.Metadata.(type) {
	case nil, pkg.GolangModMetadata, pkg.GolangSourceMetadata, pkg.JavaMetadata, *pkg.JavaMetadata,
		pkg.JavaVMInstallationMetadata, pkg.RpmMetadata, pkg.ApkMetadata:
	case pkg.GolangBinMetadata:
		id.Symbols = m.Symbols // its JSON leaves them out
	default:
		return identity{}
	}
	b, err := json.Marshal(id)
	if err != nil {
		return identity{}
	}
	return sha256.Sum256(b)
}

// rawKey is a package as one matcher saw it.
type rawKey struct {
	matcher match.MatcherType
	id      identity
}

// rawAnswer is what a matcher said. Its matches and filters name the package
// that asked first; rebind makes them another's.
type rawAnswer struct {
	by      pkg.ID
	matches []match.Match
	ignores []match.IgnoreFilter
}

// remembering is a matcher that asks Grype's matcher once per package identity.
// It belongs to one run, as the matcher inside it does.
type remembering struct {
	match.Matcher

	raw *cache[rawKey, rawAnswer]
}

func rememberingMatchers(m *memory) []match.Matcher {
	matchers := newMatchers()
	for i := range matchers {
		matchers[i] = remembering{Matcher: matchers[i], raw: m.raw}
	}
	return matchers
}

// Match implements match.Matcher. A failed answer is not remembered.
func (r remembering) Match(vp vulnerability.Provider, p pkg.Package) ([]match.Match, []match.IgnoreFilter, error) {
	key := rawKey{matcher: r.Type(), id: identify(p)}
	if key.id == (identity{}) {
		return r.Matcher.Match(vp, p)
	}
	if known, ok := r.raw.get(key); ok {
		matches, ignores := known.rebind(p)
		return matches, ignores, nil
	}
	matches, ignores, err := r.Matcher.Match(vp, p)
	if err != nil {
		return matches, ignores, err
	}
	answer := rawAnswer{by: p.ID, matches: matches, ignores: ignores}
	if answer.bindable() {
		r.raw.put(key, answer, 1+len(matches))
	}
	matches, ignores = answer.rebind(p)
	return matches, ignores, nil
}

// bindable reports whether all of the answer is about the package that asked.
func (a rawAnswer) bindable() bool {
	for _, m := range a.matches {
		if m.Package.ID != a.by {
			return false
		}
	}
	for _, f := range a.ignores {
		related, ok := f.(match.IgnoreRelatedPackage)
		if ok && related.RelatedPackageID != a.by {
			return false
		}
		if _, rule := f.(match.IgnoreRule); !ok && !rule {
			return false
		}
	}
	return true
}

// rebind gives the answer as if p had asked, in slices of its own because Grype
// merges matches in place.
func (a rawAnswer) rebind(p pkg.Package) ([]match.Match, []match.IgnoreFilter) {
	matches := slices.Clone(a.matches)
	for i := range matches {
		m := &matches[i]
		m.Details = slices.Clone(m.Details)
		m.Vulnerability.CPEs = slices.Clip(m.Vulnerability.CPEs)
		if m.Package.ID == a.by {
			m.Package = p
		}
	}
	ignores := slices.Clone(a.ignores)
	for i, f := range ignores {
		if related, ok := f.(match.IgnoreRelatedPackage); ok && related.RelatedPackageID == a.by {
			related.RelatedPackageID = p.ID
			ignores[i] = related
		}
	}
	return matches, ignores
}

// watching is a matcher that notes which packages rule on other packages than
// those they share files with.
type watching struct {
	match.Matcher

	foreign map[pkg.ID]bool
	failed  map[pkg.ID]bool
}

func watchingMatchers() ([]match.Matcher, watching) {
	w := watching{foreign: map[pkg.ID]bool{}, failed: map[pkg.ID]bool{}}
	matchers := newMatchers()
	for i := range matchers {
		matchers[i] = watching{Matcher: matchers[i], foreign: w.foreign, failed: w.failed}
	}
	return matchers, w
}

// Match implements match.Matcher.
func (w watching) Match(vp vulnerability.Provider, p pkg.Package) ([]match.Match, []match.IgnoreFilter, error) {
	matches, ignores, err := w.Matcher.Match(vp, p)
	if err != nil {
		w.failed[p.ID] = true
	}
	for _, f := range ignores {
		if _, ok := f.(match.IgnoreRelatedPackage); !ok {
			w.foreign[p.ID] = true
		}
	}
	return matches, ignores, err
}

// cache remembers the most recently used values up to a bound, in two
// generations: when the young one is full it becomes the old one, and what is
// not asked for again goes with it. Its methods may be called from many goroutines.
type cache[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]weighed[V]
	load, max  int
}

type weighed[V any] struct {
	value  V
	weight int
}

func newCache[K comparable, V any](limit int) *cache[K, V] {
	return &cache[K, V]{young: map[K]weighed[V]{}, max: limit}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w, ok := c.young[k]; ok {
		return w.value, true
	}
	w, ok := c.old[k]
	if ok {
		c.add(k, w)
	}
	return w.value, ok
}

func (c *cache[K, V]) put(k K, v V, weight int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(k, weighed[V]{value: v, weight: weight})
}

func (c *cache[K, V]) add(k K, w weighed[V]) {
	if w.weight > c.max {
		return
	}
	if _, known := c.young[k]; known {
		return
	}
	if c.load+w.weight > c.max {
		c.old, c.young, c.load = c.young, map[K]weighed[V]{}, 0
	}
	c.young[k] = w
	c.load += w.weight
}
