package kube

import (
	"cmp"
	"slices"
	"strings"
)

// ClusterRole is the name of the ClusterRole that holds Rules.
const ClusterRole = "eksposure-reader"

// Group is the Kubernetes group that Manifest binds to the ClusterRole; an EKS
// access entry puts the reader's IAM role into it.
const Group = "eksposure-readers"

// ChangeRole is the name of the ClusterRole that holds ChangeRules, and ChangeGroup
// the Kubernetes group that ChangeManifest binds to it: an EKS access entry puts the
// role into it that plans are applied with.
const (
	ChangeRole  = "eksposure-remediator"
	ChangeGroup = "eksposure-remediators"
)

// Rule is one RBAC policy rule.
type Rule struct {
	APIGroups []string
	Resources []string
	// NonResourceURLs are paths, in place of groups and resources.
	NonResourceURLs []string
	Verbs           []string
}

// Rules returns everything that collecting a cluster needs, and no more: one
// rule for each API group, ordered. They come from the same table that the
// requests are made of.
func Rules() []Rule { return rulesOf(allResources(), "list") }

// ChangeRules returns everything that SetImages and SetSources need, and no more.
func ChangeRules() []Rule { return rulesOf(changeable(), "get", "patch") }

func rulesOf(resources []resource, verbs ...string) []Rule {
	groups := map[string][]string{}
	for _, r := range resources {
		groups[r.group] = append(groups[r.group], r.name)
	}
	var rules []Rule
	for group, names := range groups {
		slices.Sort(names)
		rules = append(rules, Rule{APIGroups: []string{group}, Resources: names, Verbs: verbs})
	}
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.APIGroups[0], b.APIGroups[0]) })
	return rules
}

// Manifest renders Rules as the YAML that a cluster's administrator applies:
// the ClusterRole, and its binding to Group.
func Manifest() string { return manifest(ClusterRole, Group, Rules()) }

// ChangeManifest renders ChangeRules in the same way, bound to ChangeGroup.
func ChangeManifest() string { return manifest(ChangeRole, ChangeGroup, ChangeRules()) }

func manifest(role, group string, rules []Rule) string {
	var b strings.Builder
	b.WriteString(`apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ` + role + `
rules:
`)
	for _, r := range rules {
		if len(r.NonResourceURLs) > 0 {
			b.WriteString("  - nonResourceURLs: " + flow(r.NonResourceURLs) + "\n")
		} else {
			b.WriteString("  - apiGroups: " + flow(r.APIGroups) + "\n")
			b.WriteString("    resources: " + flow(r.Resources) + "\n")
		}
		b.WriteString("    verbs: " + flow(r.Verbs) + "\n")
	}
	b.WriteString(`---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: ` + role + `
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: ` + role + `
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: ` + group + `
`)
	return b.String()
}

func flow(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = `"` + w + `"`
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
