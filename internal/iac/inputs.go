package iac

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/go-version"
)

// renamed is the version of terraform-aws-modules/eks from which on the names of its inputs
// lack the "cluster_" that they began with.
const renamed = "21.0.0"

// since has the inputs of the module that came later than the others that patches write, with
// the first version that has them as they are written (terraform-aws-modules/terraform-aws-eks,
// variables.tf at each tag). Before 19.0.0, cluster_encryption_config is a list.
func since(input string) string {
	switch input {
	case "cluster_upgrade_policy":
		return "20.21.0"
	case "cluster_encryption_config":
		return "19.0.0"
	}
	return "0.0.0"
}

// tagged is the version in a source of Git: …?ref=v21.3.1.
var tagged = regexp.MustCompile(`[?&]ref=v?(\d+\.\d+\.\d+)$`)

// asked gives the versions of the module that a call asks for, as it writes them; empty when
// it does not say, or not in the files.
func asked(in *instance, b block) string {
	if at, ok := in.attribute(b, b.Body, "version"); ok {
		return at.string()
	}
	source, _ := in.attribute(b, b.Body, "source")
	if m := tagged.FindStringSubmatch(source.string()); m != nil {
		return m[1]
	}
	return ""
}

// span is the versions of the module that have an input: those from the first on, before
// the end where there is one.
type span struct{ first, end *version.Version }

// spanOf is that of an input; old tells that it is one of before the names were changed.
func spanOf(input string, old bool) span {
	s := span{first: version.Must(version.NewVersion(since(input)))}
	last := version.Must(version.NewVersion(renamed))
	switch {
	case old:
		s.end = last
	case s.first.LessThan(last):
		s.first = last
	}
	return s
}

func (s span) has(v *version.Version) bool {
	return v.GreaterThanOrEqual(s.first) && (s.end == nil || v.LessThan(s.end))
}

// meets tells whether some of the versions that are asked for have an input, and whether all
// of them do that have the names of its kind. A text that is no constraint says nothing.
func (s span) meets(constraint string, kind span) (some, all bool) {
	want, err := version.NewConstraint(constraint)
	if err != nil || constraint == "" {
		return true, true
	}
	all = true
	for _, v := range versions(constraint) {
		if !want.Check(v) {
			continue
		}
		some = some || s.has(v)
		all = all && (s.has(v) || !kind.has(v))
	}
	return some, all
}

var operand = regexp.MustCompile(`\d+(\.\d+){0,2}`)

const (
	// The versions of the module that are looked at: from the oldest major version that
	// patches may meet, to some that are not there yet.
	oldestMajor, newestMajor = 17, 30
	mostMinors               = 60
)

// versions are those that a constraint may be about.
func versions(constraint string) []*version.Version {
	texts := operand.FindAllString(constraint, -1)
	for major := oldestMajor; major <= newestMajor; major++ {
		for minor := range mostMinors {
			texts = append(texts, fmt.Sprintf("%d.%d.0", major, minor))
		}
	}
	var list []*version.Version
	for _, text := range texts {
		if v, err := version.NewVersion(text); err == nil {
			list = append(list, v)
		}
	}
	return list
}

// takes reports whether the version of the module that a call asks for has an input. Where it
// has not, that is told; where not all that are asked for have it, too.
func (s setter) takes(input string, old bool) bool {
	want := asked(s.in, s.block)
	has, kind := spanOf(input, old), spanOf("", old)
	some, all := has.meets(want, kind)
	if !some {
		s.leave(s.block.file, s.block.DefRange().Start.Line, input, fmt.Sprintf("the module has it %s, and %s is asked for", has, want))
		return false
	}
	if !all {
		s.note(fmt.Sprintf("The module terraform-aws-modules/eks has %s %s, and %s may be an older one: run terraform init -upgrade.", input, has, want))
	}
	return true
}

// String says which versions these are.
func (s span) String() string {
	var list []string
	if s.first.Segments()[0] > 0 {
		list = append(list, "from version "+s.first.String()+" on")
	}
	if s.end != nil {
		list = append(list, "before "+s.end.String())
	}
	return cmp.Or(strings.Join(list, " and "), "always")
}
