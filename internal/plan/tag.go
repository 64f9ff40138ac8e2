package plan

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// maxNear and maxFar bound the tags that are read for one image: the fix is in
	// the newest of a line, or in none of it.
	maxNear = 3
	maxFar  = 2
	// maxTag is the length of a tag (OCI distribution specification, "Pulling manifests").
	maxTag = 128
)

// Candidates gives the tags that may stand in for a tag, in the order in which they
// are worth reading: the newest of the same major and minor version, the tag itself,
// which may name another image by now, and the newest of the same major version. The
// variant is the same in all of them (1.25.3-alpine → 1.25.5-alpine), and no
// pre-release stands in for a release. A tag without a version has only itself, and
// "latest" has none, as it tells nothing about what comes.
func Candidates(current string, tags []string) []string {
	if current == "" || current == "latest" {
		return nil
	}
	is, ok := parseTag(current)
	if !ok {
		return []string{current}
	}
	var near, far []tag
	for _, text := range tags {
		t, ok := parseTag(text)
		if !ok || t.line != is.line || t.early != "" && is.early == "" || t.compare(is) <= 0 {
			continue
		}
		switch {
		case is.sameMinor(t):
			near = append(near, t)
		case is.sameMajor(t):
			far = append(far, t)
		}
	}
	return slices.Concat(newest(near, maxNear), []string{current}, newest(far, maxFar))
}

func newest(list []tag, most int) []string {
	slices.SortFunc(list, func(a, b tag) int { return cmp.Or(b.compare(a), cmp.Compare(b.text, a.text)) })
	texts := make([]string, min(len(list), most))
	for i := range texts {
		texts[i] = list[i].text
	}
	return texts
}

// tag is what a version tag of an image says: 1.25.3-alpine3.18 is version 1.25.3 of
// the variant alpine3.18.
type tag struct {
	text string
	// line is what all tags of a line share: the words before the version and behind
	// it, with # for what counts builds, and how many numbers the version has.
	line    string
	numbers []uint64
	builds  []uint64
	// early is the word of a pre-release: rc.
	early string
	// calendar tells a version that is a year and a month: 22.04.
	calendar bool
}

var (
	tagShape = regexp.MustCompile(`^([A-Za-z][A-Za-z._-]*)?([0-9]{1,18}(?:\.[0-9]{1,18})*)(.*)$`)
	// earlyShape are the words for what comes before a release (Semantic Versioning
	// 2.0.0, item 9; PEP 440, "Pre-releases"; and what is usual in registries).
	earlyShape = regexp.MustCompile(`^(alpha|beta|rc|cr|pre|preview|dev|snapshot|nightly|canary|next|milestone|ea|edge|test|testing|unstable|a|b|m)\.?([0-9]{0,18})$`)
	// buildShape are the words that count builds of one version: -r3, -eksbuild.6.
	buildShape  = regexp.MustCompile(`^(r|eksbuild\.|build\.?)([0-9]{1,18})$`)
	numberShape = regexp.MustCompile(`^[0-9]{1,18}$`)
)

// parseTag reads a tag; false when it names no version, as "stable" does.
func parseTag(text string) (tag, bool) {
	m := tagShape.FindStringSubmatch(text)
	if m == nil || len(text) > maxTag {
		return tag{}, false
	}
	t := tag{text: text}
	version := strings.Split(m[2], ".")
	for _, n := range version {
		t.numbers = append(t.numbers, number(n))
	}
	t.calendar = len(version) > 1 && len(version[1]) == 2 && version[1][0] == '0'
	line := []string{m[1], strconv.Itoa(len(version))}
	words := strings.FieldsFunc(m[3], func(r rune) bool { return r == '-' || r == '_' })
	for i, word := range words {
		word = strings.ToLower(word)
		build, early := buildShape.FindStringSubmatch(word), earlyShape.FindStringSubmatch(word)
		switch {
		case early != nil:
			t.early = early[1]
			t.builds = append(t.builds, number(early[2]))
			continue
		case build != nil:
			t.builds = append(t.builds, number(build[2]))
			word = build[1] + "#"
		// A number right behind the version counts builds (17.0.8_7); behind another
		// word it belongs to that (debian-11).
		case numberShape.MatchString(word) && (i == 0 || isDay(word)):
			t.builds = append(t.builds, number(word))
			word = "#"
		}
		line = append(line, word)
	}
	t.line = strings.Join(line, "-")
	return t, true
}

// number reads digits; the shapes above let no more through than fit.
func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// isDay reports whether digits are a day of this century, as nightly builds write it.
func isDay(s string) bool {
	_, err := time.Parse("20060102", s)
	return err == nil && strings.HasPrefix(s, "20")
}

// compare orders by version, a release after its pre-releases, alpha before beta
// before rc, and then by builds.
func (t tag) compare(o tag) int {
	return cmp.Or(slices.Compare(t.numbers, o.numbers), cmp.Compare(t.ripe(), o.ripe()), cmp.Compare(t.early, o.early), slices.Compare(t.builds, o.builds))
}

func (t tag) ripe() int {
	if t.early == "" {
		return 1
	}
	return 0
}

// sameMinor reports whether the other is of the same major and minor version, another
// build of the same version, or another day of what is tagged by the day.
func (t tag) sameMinor(o tag) bool {
	if len(t.numbers) > 2 {
		return slices.Equal(t.numbers[:2], o.numbers[:2])
	}
	byDay := len(t.numbers) == 1 && isDay(strconv.FormatUint(t.numbers[0], 10)) && isDay(strconv.FormatUint(o.numbers[0], 10))
	return byDay || slices.Equal(t.numbers, o.numbers)
}

// sameMajor: before version 1 a minor version may change everything (Semantic
// Versioning 2.0.0, item 4), and 22.10 is not the successor of 22.04.
func (t tag) sameMajor(o tag) bool {
	return len(t.numbers) > 1 && !t.calendar && t.numbers[0] > 0 && t.numbers[0] == o.numbers[0]
}
