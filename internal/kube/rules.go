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

// Rule is one RBAC policy rule.
type Rule struct {
	APIGroups []string
	Resources []string
	Verbs     []string
}

// Rules returns everything that collecting a cluster needs, and no more: one
// rule for each API group, ordered. They come from the same table that the
// requests are made of.
func Rules() []Rule {
	groups := map[string][]string{}
	for _, r := range allResources() {
		groups[r.group] = append(groups[r.group], r.name)
	}
	var rules []Rule
	for group, names := range groups {
		slices.Sort(names)
		rules = append(rules, Rule{APIGroups: []string{group}, Resources: names, Verbs: []string{"list"}})
	}
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.APIGroups[0], b.APIGroups[0]) })
	return rules
}

// Manifest renders Rules as the YAML that a cluster's administrator applies:
// the ClusterRole, and its binding to Group.
func Manifest() string {
	var b strings.Builder
	b.WriteString(`apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ` + ClusterRole + `
rules:
`)
	for _, r := range Rules() {
		b.WriteString("  - apiGroups: " + flow(r.APIGroups) + "\n")
		b.WriteString("    resources: " + flow(r.Resources) + "\n")
		b.WriteString("    verbs: " + flow(r.Verbs) + "\n")
	}
	b.WriteString(`---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: ` + ClusterRole + `
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: ` + ClusterRole + `
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: ` + Group + `
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
