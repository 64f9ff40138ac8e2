package image

import (
	"cmp"
	"strings"
)

// CompareVersions orders two versions of one package of the given type: -1, 0 or 1.
//
// It is tolerant: every two texts have an order. Debian and RPM versions follow
// their own rules (deb-version(7), rpm-version(7)). All others go by one rule
// that agrees with semantic versioning, PEP 440, Maven and apk on the versions
// that packages really have: numbers compare as numbers, a word for an early release (alpha,
// rc …) comes before the release itself, any other word after it, and build
// metadata behind "+" does not count.
func CompareVersions(kind, a, b string) int {
	switch kind {
	case "deb":
		return compareDebian(a, b)
	case "rpm":
		return compareRPM(a, b)
	case "apk":
		return compareApk(a, b)
	case "npm", "go-module", "rust-crate", "dart-pub":
		return comparePlain(a, b, true)
	}
	return comparePlain(a, b, false)
}

// compareDebian compares epoch, upstream version and revision.
func compareDebian(a, b string) int {
	epochA, restA := cutEpoch(a)
	epochB, restB := cutEpoch(b)
	upstreamA, revisionA := cutLast(restA)
	upstreamB, revisionB := cutLast(restB)
	return cmp.Or(compareNumbers(epochA, epochB), compareSegments(upstreamA, upstreamB), compareSegments(revisionA, revisionB))
}

func cutEpoch(v string) (epoch, rest string) {
	if before, after, ok := strings.Cut(v, ":"); ok && before != "" && strings.Trim(before, "0123456789") == "" {
		return before, after
	}
	return "0", v
}

func cutLast(v string) (upstream, revision string) {
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return v[:i], v[i+1:]
	}
	return v, "0"
}

// compareSegments is dpkg's verrevcmp: alternating non-digits, where "~" sorts
// before the end and letters before other signs, and numbers.
func compareSegments(a, b string) int {
	for a != "" || b != "" {
		for a != "" && !digit(a[0]) || b != "" && !digit(b[0]) {
			if c := cmp.Compare(debianOrder(a), debianOrder(b)); c != 0 {
				return c
			}
			a, b = tail(a), tail(b)
		}
		numberA, restA := cutNumber(a)
		numberB, restB := cutNumber(b)
		if c := compareNumbers(numberA, numberB); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return 0
}

func debianOrder(s string) int {
	switch {
	case s == "", digit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case letter(s[0]):
		return int(s[0])
	}
	return int(s[0]) + 256
}

// compareRPM compares epoch, version and release; a missing release says nothing.
func compareRPM(a, b string) int {
	epochA, restA := cutEpoch(a)
	epochB, restB := cutEpoch(b)
	versionA, releaseA, hasA := strings.Cut(restA, "-")
	versionB, releaseB, hasB := strings.Cut(restB, "-")
	if c := cmp.Or(compareNumbers(epochA, epochB), rpmvercmp(versionA, versionB)); c != 0 || !hasA || !hasB {
		return c
	}
	return rpmvercmp(releaseA, releaseB)
}

// rpmvercmp is RPM's own: segments of digits or letters, digits newer than
// letters, "~" older and "^" newer than the end.
func rpmvercmp(a, b string) int {
	for {
		a, b = trimSeparators(a), trimSeparators(b)
		if c, done := rpmSigns(&a, &b); c != 0 {
			return c
		} else if done {
			continue
		}
		if a == "" || b == "" {
			return cmp.Compare(len(a), len(b))
		}
		if digit(a[0]) != digit(b[0]) {
			if digit(a[0]) {
				return 1
			}
			return -1
		}
		cut, compare := cutWord, strings.Compare
		if digit(a[0]) {
			cut, compare = cutNumber, compareNumbers
		}
		headA, restA := cut(a)
		headB, restB := cut(b)
		if c := compare(headA, headB); c != 0 {
			return c
		}
		a, b = restA, restB
	}
}

// rpmSigns handles "~" and "^" at the head of both; done when both had the sign.
func rpmSigns(a, b *string) (c int, done bool) {
	tildeA, tildeB := strings.HasPrefix(*a, "~"), strings.HasPrefix(*b, "~")
	caretA, caretB := strings.HasPrefix(*a, "^"), strings.HasPrefix(*b, "^")
	switch {
	case tildeA && tildeB, caretA && caretB:
		*a, *b = (*a)[1:], (*b)[1:]
		return 0, true
	case tildeA:
		return -1, false
	case tildeB:
		return 1, false
	case caretA && *b == "", caretB && *a != "":
		return 1, false
	case caretA, caretB:
		return -1, false
	}
	return 0, false
}

func trimSeparators(s string) string {
	for s != "" && s[0] != '~' && s[0] != '^' && !digit(s[0]) && !letter(s[0]) {
		s = s[1:]
	}
	return s
}

// compareApk compares the version, then the revision behind "-r".
func compareApk(a, b string) int {
	versionA, revisionA := cutRevision(a)
	versionB, revisionB := cutRevision(b)
	return cmp.Or(comparePlain(versionA, versionB, false), compareNumbers(revisionA, revisionB))
}

func cutRevision(v string) (version, revision string) {
	if i := strings.LastIndex(v, "-r"); i >= 0 && strings.Trim(v[i+2:], "0123456789") == "" {
		return v[:i], v[i+2:]
	}
	return v, ""
}

// comparePlain compares versions of all other packages; with dashEarly, "-"
// and anything behind it is an early release (semver.org, item 9).
func comparePlain(a, b string, dashEarly bool) int {
	a, b = trimPlain(a), trimPlain(b)
	for {
		partA, restA := nextPart(a, dashEarly)
		partB, restB := nextPart(b, dashEarly)
		if partA == (part{}) && partB == (part{}) {
			return 0
		}
		if c := partA.compare(partB); c != 0 {
			return c
		}
		a, b = restA, restB
	}
}

func trimPlain(v string) string {
	v, _, _ = strings.Cut(v, "+")
	for _, prefix := range []string{"go", "v"} {
		if rest, ok := strings.CutPrefix(v, prefix); ok && rest != "" && digit(rest[0]) {
			return rest
		}
	}
	return v
}

// part is one piece of a version: a number, a word, or the end (zero).
type part struct {
	// class orders pieces of different sorts: early -1, end 0, late word 1, number 2.
	class int
	text  string
}

func nextPart(v string, dashEarly bool) (p part, rest string) {
	early := false
	for v != "" && !digit(v[0]) && !letter(v[0]) {
		early = early || v[0] == '~' || dashEarly && v[0] == '-'
		v = v[1:]
	}
	if v == "" {
		return part{}, ""
	}
	if digit(v[0]) {
		p.text, rest = cutNumber(v)
		p.class = 2
		if strings.Trim(p.text, "0") == "" && !early {
			p = part{class: 0, text: "0"} // 1.0 and 1 are the same
		}
	} else {
		p.text, rest = cutWord(v)
		p.text = strings.ToLower(p.text)
		p.class = wordClass(p.text, rest)
		if p.text == "dev" {
			p.text = "-dev" // before alpha (PEP 440)
		}
	}
	if early {
		p.class = -1
	}
	return p, rest
}

// wordClass tells early releases from final ones and from what comes after. A
// letter is an early release only right before a number: 1.0b2 comes before 1.0,
// and OpenSSL's 1.1.1b after 1.1.1.
func wordClass(word, rest string) int {
	switch word {
	case "alpha", "beta", "rc", "cr", "milestone", "pre", "preview", "dev", "snapshot", "canary", "next", "nightly", "ea":
		return -1
	case "a", "b", "c", "m":
		if rest != "" && digit(rest[0]) {
			return -1
		}
	case "final", "ga", "release":
		return 0
	}
	return 1
}

func (p part) compare(o part) int {
	if p.class != o.class {
		return cmp.Compare(p.class, o.class)
	}
	if p.class == 0 {
		return 0
	}
	numberP, numberO := p.text != "" && digit(p.text[0]), o.text != "" && digit(o.text[0])
	switch {
	case numberP && numberO:
		return compareNumbers(p.text, o.text)
	case numberP:
		return -1 // semver.org, item 11: numbers before words
	case numberO:
		return 1
	}
	return strings.Compare(p.text, o.text)
}

// compareNumbers compares runs of digits of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func cutNumber(s string) (number, rest string) {
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func cutWord(s string) (word, rest string) {
	i := 0
	for i < len(s) && letter(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func tail(s string) string {
	if s == "" {
		return s
	}
	return s[1:]
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
