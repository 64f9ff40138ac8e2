package image

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Evidence variants of image traits that no severity depends on.
const (
	// VariantNotRunning marks an image that is named and does not run.
	VariantNotRunning = "not-running"
	// VariantNotRead marks a running image whose content or matches are not known.
	VariantNotRead = "image-not-read"
	// VariantNoVector marks a running image with a vulnerability that only its
	// missing CVSS vector keeps from being judged.
	VariantNoVector = "no-cvss-vector"
	// addonSuffix marks the variant of contributing evidence about an EKS add-on.
	addonSuffix = "-add-on"
)

const (
	// maxWorst is how many vulnerabilities of an image evidence lists: enough to
	// see why it counts. The counts are of all.
	maxWorst = 5
	// maxFixes is how many packages to update evidence lists: a screen of work.
	maxFixes = 10
	// maxCreatedBy bounds a build step's text, which can be a whole script.
	maxCreatedBy = 160
)

// Question is what a trait asks of every image.
type Question struct {
	// Variant marks contributing evidence.
	Variant string
	// Keep chooses the matches that the trait is about.
	Keep func(*vuln.Match) bool
	// Explain says in a clause what was found and adds the facts compared.
	Explain func(*exposure.Evidence) string
	// Doubt chooses the matches that would be kept if their CVSS vector, which
	// they lack, said so; nil when the trait does not ask for the vector.
	Doubt func(*vuln.Match) bool
}

// AddonVariant is the variant of contributing evidence about an image that an EKS
// add-on ships: it is remedied in another way.
func AddonVariant(variant string) string { return variant + addonSuffix }

// Detect asks the question of every image that containers name. Running images
// contribute, images that do not run are context, and a running image that could
// not be read or matched is unknown.
func Detect(s *inventory.Snapshot, q Question) []exposure.Evidence {
	uses := Uses(s)
	found := make([]exposure.Evidence, 0, len(uses))
	t := tally{seen: map[string]mark{}, packages: map[string]int{}}
	for i := range uses {
		u := &uses[i]
		if why := u.Unmatched(s); why != "" {
			if u.Running > 0 {
				found = append(found, Unknown(u, why))
			}
			continue
		}
		if u.Running > 0 && q.Doubt != nil {
			found = append(found, doubts(u, q.Doubt)...)
		}
		if !t.count(u.Image, q.Keep) {
			continue
		}
		standing, variant := exposure.Contributing, q.Variant
		switch {
		case u.Running == 0:
			standing, variant = exposure.Contextual, VariantNotRunning
		case u.Addon() != "":
			variant = AddonVariant(variant)
		}
		e := u.Evidence(standing, variant)
		t.fill(e.Image, u.Image)
		e.Summary = u.Name() + u.Mark() + " in " + u.Where() + ": " + q.Explain(&e)
		found = append(found, e)
	}
	slices.SortStableFunc(found, Compare)
	return found
}

// Unknown is the evidence of a running image that tells nothing.
func Unknown(u *Use, why string) exposure.Evidence {
	e := u.Evidence(exposure.Unknown, VariantNotRead)
	e.Summary = u.Name() + u.Mark() + " in " + u.Where() + " could not be judged: " + why
	return e
}

// doubts gives the evidence of a running image with vulnerabilities that no match
// of the image has a CVSS vector for, and that matter if it is a certain one.
func doubts(u *Use, doubt func(*vuln.Match) bool) []exposure.Evidence {
	var worst *vuln.Match
	var ids []string
	for i := range u.Image.Matches {
		m := &u.Image.Matches[i]
		if m.CVSS.Vector != "" || !doubt(m) || slices.Contains(ids, m.CVE()) {
			continue
		}
		id := m.CVE()
		if slices.ContainsFunc(u.Image.Matches, func(o vuln.Match) bool { return o.CVSS.Vector != "" && o.CVE() == id }) {
			continue
		}
		ids = append(ids, id)
		if worst == nil || vuln.Compare(*m, *worst) < 0 {
			worst = m
		}
	}
	if worst == nil {
		return nil
	}
	w := matchOf(worst)
	more, has := "", "is likely to be exploited but has no CVSS vector yet"
	if n := len(ids) - 1; n > 0 {
		more, has = " and "+strconv.Itoa(n)+" more", "are likely to be exploited but have no CVSS vector yet"
	}
	e := u.Evidence(exposure.Unknown, VariantNoVector)
	e.Summary = fmt.Sprintf("%s%s in %s: %s in %s %s (%s)%s %s: whether the network alone suffices is unknown",
		u.Name(), u.Mark(), u.Where(), w.ID, w.Package, w.Version, Why(w), more, has)
	return []exposure.Evidence{e}
}

// Compare puts contributing evidence first, then context, then what is
// unknown; worst first within each.
func Compare(a, b exposure.Evidence) int {
	if c := cmp.Compare(rank(a.Standing), rank(b.Standing)); c != 0 || a.Image == nil || b.Image == nil {
		return cmp.Or(c, cmp.Compare(a.Resource.UID, b.Resource.UID))
	}
	x, y := a.Image, b.Image
	return cmp.Or(
		cmp.Compare(min(y.KEV, 1), min(x.KEV, 1)),
		cmp.Compare(min(y.Exploits, 1), min(x.Exploits, 1)),
		cmp.Compare(score(y), score(x)),
		cmp.Compare(y.Vulnerabilities, x.Vulnerabilities),
		cmp.Compare(a.Resource.UID, b.Resource.UID),
	)
}

func rank(s exposure.Standing) int {
	return slices.Index([]exposure.Standing{exposure.Contributing, exposure.Contextual, exposure.Unknown}, s)
}

func score(e *exposure.ImageEvidence) float64 {
	if e.MaxEPSS == nil {
		return -1
	}
	return *e.MaxEPSS
}

// mark is what is known of one vulnerability of an image, from all its matches.
type mark uint8

const (
	marked mark = 1 << iota
	fixable
	kev
	exploit
	scored
)

// tally counts one image's matches; its maps are used again for the next one.
type tally struct {
	seen     map[string]mark
	packages map[string]int // package name to the first of its fixes
	fixes    []fix
	worst    []*vuln.Match
	counts   [5]int // by bit of mark
	epss     *vuln.EPSS
}

// fix gathers the vulnerabilities of one package at one place.
type fix struct {
	in    *vuln.Package
	to    string
	worst string
	last  string // the vulnerability counted last
	count int
	next  int // the next fix of a package of the same name, or -1
}

// count goes through the matches once and reports whether any is kept. Matches
// are ordered worst first, so the first of each kind is the worst.
func (t *tally) count(im *inventory.Image, keep func(*vuln.Match) bool) bool {
	clear(t.seen)
	clear(t.packages)
	t.fixes, t.worst, t.counts, t.epss = t.fixes[:0], t.worst[:0], [5]int{}, nil
	for i := range im.Matches {
		m := &im.Matches[i]
		if !keep(m) {
			continue
		}
		id := m.CVE()
		if t.note(id, marksOf(m)) && len(t.worst) < maxWorst {
			t.worst = append(t.worst, m)
		}
		if m.EPSS != nil && (t.epss == nil || m.EPSS.Score > t.epss.Score) {
			t.epss = m.EPSS
		}
		if len(m.FixedIn) > 0 {
			t.mend(m, id)
		}
	}
	return len(t.seen) > 0
}

func marksOf(m *vuln.Match) mark {
	k := marked
	if len(m.FixedIn) > 0 {
		k |= fixable
	}
	if m.KEV {
		k |= kev
	}
	if m.Exploit {
		k |= exploit
	}
	if m.EPSS != nil {
		k |= scored
	}
	return k
}

// note adds what one match tells of a vulnerability; true for a new one.
func (t *tally) note(id string, k mark) bool {
	before := t.seen[id]
	added := k &^ before
	if added == 0 {
		return false
	}
	t.seen[id] = before | k
	for bit := range t.counts {
		if added&(1<<bit) != 0 {
			t.counts[bit]++
		}
	}
	return before == 0
}

// mend raises the version that the match's package must reach.
func (t *tally) mend(m *vuln.Match, id string) {
	to := lowestFix(m.Package.Type, m.Package.Version, m.FixedIn)
	first, known := t.packages[m.Package.Name]
	if !known {
		first = -1
	}
	for i := first; i >= 0; i = t.fixes[i].next {
		f := &t.fixes[i]
		if f.in.Version != m.Package.Version || f.in.Type != m.Package.Type || f.in.Layer != m.Package.Layer {
			continue
		}
		if f.last != id { // the same package at another path
			f.last = id
			f.count++
		}
		if f.to != to && CompareVersions(m.Package.Type, to, f.to) > 0 {
			f.to = to
		}
		return
	}
	t.packages[m.Package.Name] = len(t.fixes)
	t.fixes = append(t.fixes, fix{in: &m.Package, to: to, worst: id, last: id, count: 1, next: first})
}

// lowestFix chooses among the versions that carry one vulnerability's fix, as
// one per release line: the lowest that is above the installed version, or the
// lowest when none is.
func lowestFix(kind, installed string, fixed []string) string {
	if len(fixed) == 1 {
		return fixed[0]
	}
	best := ""
	for _, v := range fixed {
		above := CompareVersions(kind, v, installed) > 0
		switch bestAbove := best != "" && CompareVersions(kind, best, installed) > 0; {
		case best == "", above && !bestAbove, above == bestAbove && CompareVersions(kind, v, best) < 0:
			best = v
		}
	}
	return best
}

func (t *tally) fill(e *exposure.ImageEvidence, im *inventory.Image) {
	e.Vulnerabilities, e.Fixable, e.KEV, e.Exploits = t.counts[0], t.counts[1], t.counts[2], t.counts[3]
	e.UnknownEPSS = t.counts[0] - t.counts[4]
	if t.epss != nil {
		e.MaxEPSS = &t.epss.Score
	}
	e.Worst = make([]exposure.Match, 0, len(t.worst))
	for _, m := range t.worst {
		e.Worst = append(e.Worst, matchOf(m))
	}
	shown := t.fixes[:min(len(t.fixes), maxFixes)]
	e.MoreFixes = len(t.fixes) - len(shown)
	e.Fixes = make([]exposure.Fix, 0, len(shown))
	for _, f := range shown {
		fixed := exposure.Fix{
			Package: f.in.Name, Type: f.in.Type, Version: f.in.Version, FixedIn: f.to,
			Vulnerabilities: f.count, Worst: f.worst, Layer: f.in.Layer,
		}
		if n := slices.IndexFunc(im.Layers, func(l inventory.Layer) bool { return l.DiffID == f.in.Layer }); n >= 0 {
			fixed.LayerIndex, fixed.CreatedBy = n, shorten(im.Layers[n].CreatedBy)
		}
		e.Fixes = append(e.Fixes, fixed)
	}
}

// matchOf writes a match as evidence shows it.
func matchOf(m *vuln.Match) exposure.Match {
	w := exposure.Match{
		ID: m.CVE(), Package: m.Package.Name, Version: m.Package.Version, Severity: m.Severity, Vector: m.CVSS.Vector,
		Score: m.CVSS.Score, KEV: m.KEV, Exploit: m.Exploit, Layer: m.Package.Layer,
	}
	if m.EPSS != nil {
		w.EPSS = &m.EPSS.Score
	}
	if len(m.FixedIn) > 0 {
		w.FixedIn = lowestFix(m.Package.Type, m.Package.Version, m.FixedIn)
	}
	return w
}

// shorten brings a build step's text to one line of bounded length.
func shorten(step string) string {
	step = strings.Join(strings.Fields(step), " ")
	if len(step) <= maxCreatedBy {
		return step
	}
	return strings.ToValidUTF8(step[:maxCreatedBy], "") + "…"
}
