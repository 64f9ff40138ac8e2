package plan

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ReleaseCandidates gives the tags that may hold the same program on a release of its
// operating system that is supported, in the order in which they are worth reading.
//
// They are those of Candidates, and those which differ in the release that they name as
// well: 3.9-buster → 3.9-bookworm, 1.25.3-alpine3.14 → 1.25.3-alpine3.22. The distribution
// stays the same, a release is never an earlier one, and after one with long term support
// comes one with it. Of each release the newest tag is enough. In a repository of a
// distribution itself the version is the release: alpine:3.14 → alpine:3.22.
func ReleaseCandidates(repository, current string, tags []string) []string {
	if current == "" || current == "latest" {
		return nil
	}
	is := parseReleaseTag(repository, current)
	var near, far []releaseTag
	for _, text := range tags {
		t := parseReleaseTag(repository, text)
		switch {
		case text == current || !is.mayBecome(t):
		case is.tag.sameMinor(t.tag):
			near = append(near, t)
		case is.tag.sameMajor(t.tag):
			far = append(far, t)
		}
	}
	return slices.Concat(newestReleases(near, maxNear), []string{current}, newestReleases(far, maxFar))
}

// newestReleases gives the newest tag of each of the newest releases, and then the newest
// that name none.
func newestReleases(list []releaseTag, most int) []string {
	slices.SortFunc(list, func(a, b releaseTag) int {
		return cmp.Or(slices.Compare(b.release, a.release), b.tag.compare(a.tag), cmp.Compare(b.text, a.text))
	})
	list = slices.CompactFunc(list, func(a, b releaseTag) bool {
		return a.text == b.text || a.release != nil && slices.Equal(a.release, b.release)
	})
	texts := make([]string, min(len(list), most))
	for i := range texts {
		texts[i] = list[i].text
	}
	return texts
}

// releaseTag is a tag that may name a release of an operating system.
type releaseTag struct {
	text string
	// tag is what it says of the program, with the distribution's name in place of the
	// release: two that differ in the release alone are of one line.
	tag tag
	// release is the distribution's release; nil when the tag names none.
	release      []uint64
	distribution string
}

// mayBecome reports whether another tag is of the same line, not older, and of a later
// release if both name one.
func (t releaseTag) mayBecome(o releaseTag) bool {
	is, next := t.tag, o.tag
	if is.line != next.line || next.early != "" && is.early == "" {
		return false
	}
	if t.release == nil || o.release == nil {
		return next.compare(is) >= 0
	}
	// Each release has its own count of builds (2.4.57-debian-11-r155, 2.4.57-debian-12-r3),
	// unless it is a day (bullseye-20210816).
	return len(t.release) == len(o.release) && slices.Compare(o.release, t.release) > 0 &&
		(!t.lasting() || o.lasting()) && slices.Compare(next.numbers, is.numbers) >= 0
}

// lasting reports whether it is a release of Ubuntu with long term support: April of
// each second year (https://ubuntu.com/about/release-cycle). Those between are supported
// for nine months.
func (t releaseTag) lasting() bool {
	return t.distribution == "ubuntu" && len(t.release) == 2 && t.release[0]%2 == 0 && t.release[1] == 4
}

var (
	// distributionShape is a distribution with its release, as tags write it: alpine3.14,
	// debian-11, ubi8.
	distributionShape = regexp.MustCompile(`(^|[-_])(alpine|debian|ubuntu|ubi|rhel|el|centos|rocky|rockylinux|alma|almalinux|ol|oraclelinux|fedora|al|amzn|amazonlinux|photon|leap|sles|bci|azurelinux)[-_]?([0-9]{1,4}(?:\.[0-9]{1,2})?)($|[-_])`)
	wordShape         = regexp.MustCompile(`[^-_]+`)
	releaseShape      = regexp.MustCompile(`^[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}`)
)

// codenames are the releases that tags name by a word.
var codenames = map[string]struct{ distribution, release string }{
	// https://www.debian.org/releases/
	"wheezy": {"debian", "7"}, "jessie": {"debian", "8"}, "stretch": {"debian", "9"}, "buster": {"debian", "10"},
	"bullseye": {"debian", "11"}, "bookworm": {"debian", "12"}, "trixie": {"debian", "13"}, "forky": {"debian", "14"},
	// https://wiki.ubuntu.com/Releases
	"trusty": {"ubuntu", "14.04"}, "xenial": {"ubuntu", "16.04"}, "bionic": {"ubuntu", "18.04"}, "focal": {"ubuntu", "20.04"},
	"jammy": {"ubuntu", "22.04"}, "noble": {"ubuntu", "24.04"}, "resolute": {"ubuntu", "26.04"},
}

// distributions are the repositories whose images are a distribution and no program, by
// the last part of their name.
var distributions = []string{"alpine", "debian", "ubuntu", "centos", "rockylinux", "almalinux", "oraclelinux", "fedora", "amazonlinux", "photon", "leap"}

// parseReleaseTag reads a tag of a repository.
func parseReleaseTag(repository, text string) releaseTag {
	r := releaseTag{text: text}
	own := path.Base(repository)
	program := text
	if at := findRelease(text); at != nil {
		r.distribution, r.release = at.distribution, releaseOf(at.release)
		program = text[:at.begin] + at.distribution + text[at.end:]
	} else if version := releaseShape.FindString(text); version != "" && slices.Contains(distributions, own) {
		r.distribution, r.release = own, releaseOf(version)
		program = own + text[len(version):]
	}
	t, ok := parseTag(program)
	if !ok {
		t = tag{text: program, line: program}
	}
	r.tag = t
	return r
}

// namedRelease is a release that a tag names, and where.
type namedRelease struct {
	distribution, release string
	begin, end            int
}

// findRelease gives the first release that a tag names; nil when it names none.
func findRelease(text string) *namedRelease {
	if m := distributionShape.FindStringSubmatchIndex(text); m != nil {
		return &namedRelease{text[m[4]:m[5]], text[m[6]:m[7]], m[4], m[7]}
	}
	for _, m := range wordShape.FindAllStringIndex(text, -1) {
		if known, ok := codenames[text[m[0]:m[1]]]; ok {
			return &namedRelease{known.distribution, known.release, m[0], m[1]}
		}
	}
	return nil
}

func releaseOf(version string) []uint64 {
	var numbers []uint64
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.ParseUint(part, 10, 64)
		if err != nil {
			return nil // no more digits get here than fit
		}
		numbers = append(numbers, n)
	}
	return numbers
}
