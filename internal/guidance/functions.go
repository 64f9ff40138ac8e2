package guidance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/eksposure/eksposure/internal/inventory"
)

// functions are what the texts may call.
func functions() template.FuncMap {
	return template.FuncMap{
		"sh": sh, "hcl": hcl, "js": js, "py": py, "yaml": py, "line": line, "lower": strings.ToLower, "join": strings.Join,
		"hcls":  func(texts []string) string { return list(hcl, texts) },
		"jss":   func(texts []string) string { return list(js, texts) },
		"pys":   func(texts []string) string { return list(py, texts) },
		"yamls": func(texts []string) string { return list(py, texts) },
		"bool":  func(b bool) string { return map[bool]string{true: "True", false: "False"}[b] },
		"ask":   known, "wishes": wishes, "subnets": subnets, "path": path, "first": first, "previous": previous,
		"groups": groups, "groupsOrOne": groupsOrOne, "behind": behind, "kept": kept, "ending": ending, "keptOrOne": keptOrOne,
		"jsm":   func(m map[string]string) string { return fields(js, ": ", m) },
		"pym":   func(m map[string]string) string { return fields(py, ": ", m) },
		"yamlm": func(m map[string]string) string { return fields(py, ": ", m) },
		"hclm": func(m map[string]string) string {
			inner := strings.TrimPrefix(fields(hcl, " = ", m), "{")
			return "{ " + strings.TrimSuffix(inner, "}") + " }"
		},
		"jst":   func(list []inventory.Taint) string { return taints(js, list) },
		"pyt":   func(list []inventory.Taint) string { return taints(py, list) },
		"sized": twinOf, "endingPlain": endingPlain, "unknown": unknown, "titled": titled,
		"followers": followers, "replaced": replaced, "addons": addons, "addonsOrOne": addonsOrOne, "installed": installed,
		"keys": keys, "keyARNs": keyARNs, "imagesOrOne": imagesOrOne, "rollouts": rollouts, "stopOrOne": stopOrOne, "waysOrOne": waysOrOne,
	}
}

// known gives a placeholder; one without a meaning is an error of the text.
func known(name string) (string, error) {
	if meanings()[name] == "" {
		return "", fmt.Errorf("the placeholder %q has no meaning", name)
	}
	return ask(name), nil
}

// ask gives a placeholder.
func ask(name string) string { return "<" + name + ">" }

// wishes are the ranges that the public endpoint is to let in: those of now, but for
// a change of them.
func wishes(d *data) []string {
	switch {
	case d.File != "endpoint" || !d.WantPublic():
		return d.Ranges
	case d.Outside():
		return []string{ask("EGRESS_CIDR"), ask("ALLOWED_CIDR")}
	}
	return []string{ask("ALLOWED_CIDR")}
}

func subnets(d *data) []string {
	if len(d.Network.Subnets) > 0 {
		return d.Network.Subnets
	}
	return []string{ask("SUBNET_ID")}
}

func path(d *data) []string {
	if len(d.Path) > 0 {
		return d.Path
	}
	return []string{ask("NEXT_VERSION")}
}

func first(d *data) string { return path(d)[0] }

// previous is the version before the last one.
func previous(d *data) string {
	if n := len(d.Path); n > 1 {
		return d.Path[n-2]
	}
	if d.Version != "" {
		return d.Version
	}
	return ask("NEXT_VERSION")
}

func groups(d *data) []string {
	names := []string{}
	for _, g := range d.NodeGroups {
		names = append(names, g.Name)
	}
	return names
}

func groupsOrOne(d *data) []inventory.NodeGroup {
	if len(d.NodeGroups) > 0 {
		return d.NodeGroups
	}
	return []inventory.NodeGroup{{Name: ask("NODE_GROUP")}}
}

// replaced are the names of those that have to be replaced before an upgrade can reach its
// end.
func replaced(d *data) []string {
	var names []string
	for _, g := range d.NodeGroups {
		if !g.HasImage(d.Target()) {
			names = append(names, g.Name)
		}
	}
	return names
}

// followers are the node groups that go the whole way of an upgrade: those that take the
// place of others under their own names.
func followers(d *data) []inventory.NodeGroup {
	list := slices.Clone(d.NodeGroups)
	for i, g := range list {
		if !g.HasImage(d.Target()) {
			list[i].Name += successor
		}
	}
	return list
}

// kept are the node groups that can have the control plane's version.
func kept(d *data) []inventory.NodeGroup {
	return slices.DeleteFunc(slices.Clone(d.NodeGroups), func(g inventory.NodeGroup) bool { return !g.HasImage(d.Version) })
}

// keptOrOne are those, and a placeholder where the cluster has no node group.
func keptOrOne(d *data) []inventory.NodeGroup {
	if len(d.NodeGroups) == 0 {
		return groupsOrOne(d)
	}
	return kept(d)
}

// behind are the node groups that are older than the control plane, and can follow it.
func behind(d *data) []string {
	names := []string{}
	for _, g := range keptOrOne(d) {
		if g.Version == "" || g.Version != d.Version {
			names = append(names, g.Name)
		}
	}
	return names
}

func addons(d *data) []string {
	names := []string{}
	for _, a := range d.Addons {
		names = append(names, a.Name)
	}
	return names
}

func addonsOrOne(d *data) []string {
	if len(d.AddonNames) > 0 {
		return d.AddonNames
	}
	return []string{ask("ADDON")}
}

// installed are the add-ons to update whose present version is known.
func installed(d *data) []inventory.Addon {
	return slices.DeleteFunc(slices.Clone(d.Addons), func(a inventory.Addon) bool { return a.Version == "" || !slices.Contains(d.AddonNames, a.Name) })
}

func keys(d *data) []key {
	if len(d.Keys) > 0 {
		return d.Keys
	}
	return []key{{ARN: ask("KMS_KEY_ARN")}}
}

func keyARNs(d *data) []string {
	var arns []string
	for _, k := range keys(d) {
		arns = append(arns, k.ARN)
	}
	return arns
}

func imagesOrOne(d *data) []image {
	if len(d.Images) > 0 {
		return d.Images
	}
	return []image{{Repository: ask("IMAGE_REPOSITORY"), Workloads: workload()}}
}

func workload() []inventory.WorkloadRef {
	return []inventory.WorkloadRef{{Namespace: ask("NAMESPACE"), Kind: "Deployment", Name: ask("WORKLOAD")}}
}

func stopOrOne(d *data) []inventory.WorkloadRef {
	if len(d.Stop) > 0 {
		return d.Stop
	}
	return workload()
}

// ways are the objects of the kinds that the option is about.
func waysOrOne(d *data) []way {
	var list []way
	for _, w := range d.Ways {
		closes := w.Variant == "node-port" || w.Variant == "external-ip"
		if closes == (d.Option == "close") {
			list = append(list, w)
		}
	}
	if len(list) > 0 {
		return list
	}
	return []way{{Kind: "Service", Namespace: ask("NAMESPACE"), Name: ask("OBJECT"), Variant: cmp.Or(map[string]string{"close": "node-port"}[d.Option], "load-balancer")}}
}
