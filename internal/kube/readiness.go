package kube

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// UpgradeRole is the name of the ClusterRole that holds UpgradeRules.
const UpgradeRole = "eksposure-upgrade-reader"

// metricsPath is where an API server counts what it was asked for.
const metricsPath = "/metrics"

// removal is an API of a built-in resource that a version of Kubernetes has no more.
type removal struct{ version, removedIn string }

// move is a resource with its APIs that are gone.
type move struct {
	resource

	gone []removal
}

// moved are the resources whose older APIs are gone by a version that EKS offers, or
// that its oldest clusters are on the way to (Kubernetes, "Deprecated API Migration
// Guide").
func moved() []move {
	flow := []removal{{"v1beta1", "1.26"}, {"v1beta2", "1.29"}, {"v1beta3", "1.32"}}
	return []move{
		{horizontalPodAutoscalers(), []removal{{"v2beta1", "1.25"}, {"v2beta2", "1.26"}}},
		{cronJobs(), []removal{{"v1beta1", "1.25"}}},
		{resource{group: flowGroup, versions: []string{"v1", "v1beta3"}, name: "flowschemas"}, flow},
		{resource{group: flowGroup, versions: []string{"v1", "v1beta3"}, name: "prioritylevelconfigurations"}, flow},
		{disruptionBudgets(), []removal{{"v1beta1", "1.25"}}},
	}
}

const flowGroup = "flowcontrol.apiserver.k8s.io"

func horizontalPodAutoscalers() resource {
	return resource{group: "autoscaling", versions: []string{"v2"}, name: "horizontalpodautoscalers"}
}

func disruptionBudgets() resource { return builtin("policy", "poddisruptionbudgets") }

// UpgradeRules returns what Readiness needs beside Rules.
func UpgradeRules() []Rule {
	groups := map[string][]string{}
	for _, m := range moved() {
		groups[m.group] = append(groups[m.group], m.name)
	}
	rules := []Rule{{NonResourceURLs: []string{metricsPath}, Verbs: []string{"get"}}}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		slices.Sort(groups[group])
		rules = append(rules, Rule{APIGroups: []string{group}, Resources: groups[group], Verbs: []string{"list"}})
	}
	return rules
}

// UpgradeManifest renders UpgradeRules as Manifest does Rules, for the same group.
func UpgradeManifest() string { return manifest(UpgradeRole, Group, UpgradeRules()) }

// Readiness fills what a cluster's own API tells for an upgrade. What cannot be read
// says why, with the remedy.
func (c *Client) Readiness(ctx context.Context, t Target, s *inventory.Snapshot, r *plan.Readiness) {
	unread := func(err error) string {
		text := fault.Message(err)
		switch more := remedy(err, t, s); {
		case isForbidden(err):
			text += fmt.Sprintf(". Apply the ClusterRole %q of `eksposure permissions kubernetes-upgrade`", UpgradeRole)
		case more != "":
			text += ". " + more
		}
		return text
	}
	cn, err := c.connect(ctx, t)
	if err != nil {
		r.Requests.Unread, r.Objects.Unread, r.Budgets.Unread, r.Nodes.Unread = unread(err), unread(err), unread(err), unread(err)
		return
	}
	defer cn.close()
	r.Requests.Items, err = cn.requests(ctx)
	if err != nil {
		r.Requests.Unread = unread(err)
	}
	if isNetwork(err) || errors.Is(err, context.DeadlineExceeded) {
		r.Objects.Unread, r.Budgets.Unread, r.Nodes.Unread = unread(err), unread(err), unread(err)
		return // each question more would take its whole time, too
	}
	if r.Objects.Items, err = cn.written(ctx); err != nil {
		r.Objects.Unread = unread(err)
	}
	if r.Budgets.Items, err = cn.blocking(ctx); err != nil {
		r.Budgets.Unread = unread(err)
	}
	if r.Nodes.Items, err = cn.listNodes(ctx); err != nil {
		r.Nodes = plan.Reading[inventory.Node]{Unread: unread(err)}
	}
}

// requests reads apiserver_requested_deprecated_apis, which has one series for each
// deprecated API that was asked for since the API server started (Kubernetes,
// "Deprecation Policy"). Behind a load balancer it is that of one of several servers.
func (cn *conn) requests(ctx context.Context) ([]plan.Request, error) {
	ctx, cancel := context.WithTimeout(ctx, cn.timeout)
	defer cancel()
	body, err := cn.rest.Get().AbsPath(metricsPath).SetHeader("Accept", "text/plain").MaxRetries(maxRetries).Do(ctx).Raw()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", metricsPath, translate(err))
	}
	if !bytes.Contains(body, []byte("apiserver_")) {
		return nil, fmt.Errorf("%s has no metrics of an API server: %w", metricsPath, fault.ErrUnavailable)
	}
	var list []plan.Request
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, maxMetric)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "apiserver_requested_deprecated_apis{")
		if !ok {
			continue
		}
		l := labels(rest)
		list = append(list, plan.Request{
			API: fmt.Sprintf("%s %s", schema.GroupVersion{Group: l["group"], Version: l["version"]}, l["resource"]), RemovedIn: l["removed_release"],
		})
	}
	slices.SortFunc(list, func(a, b plan.Request) int { return cmp.Compare(a.API, b.API) })
	return slices.Compact(list), lines.Err()
}

// maxMetric bounds one line of the metrics.
const maxMetric = 1 << 20

// labels reads NAME="VALUE",…} of a metric. The values of this one are names of APIs,
// which have no quotes.
func labels(text string) map[string]string {
	text, _, _ = strings.Cut(text, "}")
	all := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		if name, value, ok := strings.Cut(part, "="); ok {
			all[strings.TrimSpace(name)] = strings.Trim(value, `"`)
		}
	}
	return all
}

// writtenObject is what is read of an object to see which API it was written by.
type writtenObject struct {
	Metadata struct {
		objectMeta

		Managed []struct {
			Manager    string `json:"manager"`
			APIVersion string `json:"apiVersion"`
		} `json:"managedFields"`
	} `json:"metadata"`
}

// lastApplied is the annotation in which kubectl keeps what it applied.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// written lists the objects that were last written by an API that some version has no
// more: by kubectl, or by a manager of fields.
func (cn *conn) written(ctx context.Context) ([]plan.Object, error) {
	var list []plan.Object
	for _, m := range moved() {
		var part []plan.Object
		err := eachCustom(ctx, cn, m.resource, func() func([]writtenObject) {
			part = nil
			return func(page []writtenObject) {
				for i := range page {
					part = append(part, page[i].by(m.resource, m.gone)...)
				}
			}
		})
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return nil, err
		}
		list = append(list, part...)
	}
	return list, nil
}

// by gives the APIs that wrote the object and will be gone.
func (o *writtenObject) by(r resource, gone []removal) []plan.Object {
	used := map[string]bool{}
	for _, m := range o.Metadata.Managed {
		used[m.APIVersion] = true
	}
	var applied struct {
		APIVersion string `json:"apiVersion"`
	}
	if json.Unmarshal([]byte(o.Metadata.Annotations[lastApplied]), &applied) == nil {
		used[applied.APIVersion] = true
	}
	name := o.Metadata.Name
	if o.Metadata.Namespace != "" {
		name = o.Metadata.Namespace + "/" + name
	}
	var list []plan.Object
	for _, g := range gone {
		if api := r.group + "/" + g.version; used[api] {
			list = append(list, plan.Object{API: api, Name: r.name + " " + name, RemovedIn: g.removedIn})
		}
	}
	return list
}

// budgetObject is what is read of a pod disruption budget.
type budgetObject struct {
	Metadata objectMeta `json:"metadata"`
	Status   struct {
		Allowed  int `json:"disruptionsAllowed"`
		Expected int `json:"expectedPods"`
	} `json:"status"`
}

// blocking lists the disruption budgets that have pods and let none go.
func (cn *conn) blocking(ctx context.Context) ([]string, error) {
	var list []string
	err := eachCustom(ctx, cn, disruptionBudgets(), func() func([]budgetObject) {
		list = nil
		return func(page []budgetObject) {
			for _, b := range page {
				if b.Status.Allowed == 0 && b.Status.Expected > 0 {
					list = append(list, b.Metadata.Namespace+"/"+b.Metadata.Name)
				}
			}
		}
	})
	slices.Sort(list)
	return list, err
}
