package guidance

import (
	"maps"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// twin is a node group that takes the place of another: the same, but for its name and its
// images. Without settings, of which an older snapshot has none, its sizes are those that the old
// one has now.
type twin struct {
	inventory.NodeGroup
	inventory.NodeGroupSettings

	// Known tells that the settings are those of the old one.
	Known bool
	// AnotherTemplate is a launch template that goes with the old node group.
	AnotherTemplate string
	// Refused counts labels, taints and tags that a form would take for more than text.
	Refused int
}

// successor is what the name of a node group ends with that takes another's place.
const successor = "-al2023"

// NewName is the twin's own.
func (w twin) NewName() string { return w.Name + successor }

// Pace is how many nodes an update may take at once, by the name of EKS's member; nil for its own.
func (w twin) Pace() *pace {
	switch {
	case w.MaxUnavailable > 0:
		return &pace{"maxUnavailable", w.MaxUnavailable}
	case w.MaxUnavailablePercentage > 0:
		return &pace{"maxUnavailablePercentage", w.MaxUnavailablePercentage}
	}
	return nil
}

// Within is the pace that eksctl takes: it refuses more nodes than the group can have.
func (w twin) Within() *pace {
	p := w.Pace()
	if p != nil && w.MaxUnavailable > 0 {
		p.N = min(p.N, w.Max)
	}
	return p
}

type pace struct {
	Name string
	N    int
}

// Upper is the name as CloudFormation writes it.
func (p pace) Upper() string { return strings.ToUpper(p.Name[:1]) + p.Name[1:] }

// Lower is the name as Terraform writes it.
func (p pace) Lower() string {
	return strings.ToLower(strings.NewReplacer("U", "_u", "P", "_p").Replace(p.Name))
}

// eksctlPrefixes begin the labels and tags that eksctl knows its own by: a copy would
// make it take the new node group for the old one.
func eksctlPrefixes() []string {
	return []string{"alpha.eksctl.io/", "eksctl.cluster.k8s.io/", "eksctl.io/"}
}

func twinOf(g inventory.NodeGroup) twin {
	w := twin{NodeGroup: g}
	if g.Settings == nil {
		w.Min, w.Max = g.Desired, max(g.Desired, 1)
		w.Tags, w.LaunchTemplate = nil, ""
		return w
	}
	w.Known, w.NodeGroupSettings = true, *g.Settings
	w.Max = max(w.Max, 1)                                 // EKS refuses less
	if w.UpdateStrategy == "DEFAULT" || w.Pace() == nil { // EKS wants the number beside it
		w.UpdateStrategy = ""
	}
	if g.LaunchTemplate != "" && g.Tags["alpha.eksctl.io/nodegroup-name"] != "" {
		w.AnotherTemplate, w.LaunchTemplate = g.LaunchTemplate, ""
	}
	if w.LaunchTemplate != "" {
		w.DiskSize = 0 // EKS refuses it beside a launch template (EKS API Reference, CreateNodegroup)
	}
	w.Labels = without(w.Labels, reserved)
	w.Tags = without(w.Tags, reserved)
	return w
}

// reserved reports whether a label or tag is AWS's or eksctl's own.
func reserved(key, _ string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "aws:") || slices.ContainsFunc(eksctlPrefixes(), func(p string) bool { return strings.HasPrefix(key, p) })
}

// plain leaves out what CloudFormation, and the CDK, would take for more than text: it has no way
// to write that as text (AWS CloudFormation User Guide, "Intrinsic function reference" and
// "Get values stored in other services using dynamic references").
func (w twin) plain() twin {
	called := func(key, value string) bool {
		return key == "Ref" || key == "Condition" || strings.HasPrefix(key, "Fn::") ||
			strings.Contains(key+value, "{{resolve:") || strings.Contains(key+value, "${Token[")
	}
	all := len(w.Labels) + len(w.Tags) + len(w.Taints)
	w.Labels, w.Tags = without(w.Labels, called), without(w.Tags, called)
	w.Taints = slices.DeleteFunc(slices.Clone(w.Taints), func(t inventory.Taint) bool { return called("", t.Key) || called("", t.Value) })
	w.Refused = all - len(w.Labels) - len(w.Tags) - len(w.Taints)
	return w
}

func without(m map[string]string, out func(key, value string) bool) map[string]string {
	m = maps.Clone(m)
	maps.DeleteFunc(m, out)
	return m
}

// ending are the twins of the node groups whose images EKS makes no more.
func ending(d *data) []twin {
	var list []twin
	for _, g := range d.NodeGroups {
		if g.Successor() != "" {
			list = append(list, twinOf(g))
		}
	}
	return list
}

// endingPlain are those for CloudFormation.
func endingPlain(d *data) []twin {
	list := ending(d)
	for i, w := range list {
		list[i] = w.plain()
	}
	return list
}

// unknown tells that the settings of a node group that is to be replaced were not read.
func unknown(d *data) bool {
	return slices.ContainsFunc(ending(d), func(w twin) bool { return !w.Known })
}

// titled writes a word of EKS's as a name: NO_SCHEDULE as Kubernetes does, NoSchedule, and
// id as CloudFormation does, Id.
func titled(word string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.ToLower(word), "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// fields write texts by name with a quoting: {"team": "shop"} where between is ": ".
func fields(quote func(string) string, between string, m map[string]string) string {
	list := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, quote(key)+between+quote(m[key]))
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// taints writes taints as a list of what EKS takes.
func taints(quote func(string) string, list []inventory.Taint) string {
	texts := make([]string, 0, len(list))
	for _, t := range list {
		m := map[string]string{"key": t.Key, "effect": t.Effect}
		if t.Value != "" {
			m["value"] = t.Value
		}
		texts = append(texts, fields(quote, ": ", m))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// Template is the launch template with its version, by the names of EKS's members; nil
// when there is none.
func (w twin) Template() map[string]string {
	if w.LaunchTemplate == "" {
		return nil
	}
	m := map[string]string{"name": w.LaunchTemplate}
	if strings.HasPrefix(w.LaunchTemplate, "lt-") {
		m = map[string]string{"id": w.LaunchTemplate}
	}
	if w.LaunchTemplateVersion != "" {
		m["version"] = w.LaunchTemplateVersion
	}
	return m
}
