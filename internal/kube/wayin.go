package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
	workload "github.com/eksposure/eksposure/internal/trait/internetreachableworkload"
)

// WayIn looks at one Service or Ingress. It lists the one object, so that the rights of
// collecting are enough. One that is not there is fault.ErrNotFound.
func (c *Client) WayIn(ctx context.Context, t Target, ref plan.WayRef) (plan.WayIn, error) {
	r, err := limitable(ref)
	if err != nil {
		return plan.WayIn{}, err
	}
	cn, err := c.connect(ctx, t)
	if err != nil {
		return plan.WayIn{}, err
	}
	defer cn.close()
	if ref.Kind == plan.KindService {
		var page corev1.ServiceList
		if err := lookUp(ctx, cn, r, ref, &page); err != nil {
			return plan.WayIn{}, err
		}
		if len(page.Items) != 1 {
			return plan.WayIn{}, absent(ref)
		}
		is := &page.Items[0]
		return plan.WayIn{Service: &service(is).service, Owner: ownerOf(is), Manager: managerOf(is)}, nil
	}
	var page networkingv1.IngressList
	if err := lookUp(ctx, cn, r, ref, &page); err != nil {
		return plan.WayIn{}, err
	}
	if len(page.Items) != 1 {
		return plan.WayIn{}, absent(ref)
	}
	is := &page.Items[0]
	return plan.WayIn{Ingress: new(ingress(is)), Owner: ownerOf(is), Manager: managerOf(is)}, nil
}

// limitable is the resource of what has source ranges.
func limitable(ref plan.WayRef) (resource, error) {
	switch ref.Kind {
	case plan.KindService:
		return services(), nil
	case plan.KindIngress:
		return ingresses(), nil
	}
	return resource{}, fmt.Errorf("%q: the source ranges of a %s are not changed by eksposure: %w", ref, ref.Kind, fault.ErrInvalid)
}

func lookUp(ctx context.Context, cn *conn, r resource, ref plan.WayRef, page runtime.Object) error {
	ctx, cancel := context.WithTimeout(ctx, cn.timeout)
	defer cancel()
	err := cn.rest.Get().AbsPath(r.in(ref.Namespace)).Param("fieldSelector", "metadata.name="+ref.Name).MaxRetries(maxRetries).Do(ctx).Into(page)
	if err != nil {
		return fmt.Errorf("look at %q: %w", ref, translate(err))
	}
	return nil
}

func absent(ref plan.WayRef) error { return fmt.Errorf("%q is not there: %w", ref, fault.ErrNotFound) }

// managerOf names the tool that applies an object, by the labels and annotations that it
// puts there (Helm, Argo CD and Flux documentation).
func managerOf(o metav1.Object) string {
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	flux := cmp.Or(labels["kustomize.toolkit.fluxcd.io/name"], labels["helm.toolkit.fluxcd.io/name"])
	argo := cmp.Or(annotations["argocd.argoproj.io/tracking-id"], labels["argocd.argoproj.io/instance"])
	switch release := annotations["meta.helm.sh/release-name"]; {
	case argo != "":
		return "Argo CD (" + argo + ")"
	case flux != "":
		return "Flux (" + flux + ")"
	case release != "":
		return "Helm (release " + release + ")"
	case labels["app.kubernetes.io/managed-by"] == "Helm":
		return "Helm"
	}
	return ""
}

// SetSources gives a Service or an Ingress the source ranges of an action, when it has
// those that the plan found; with the new ones already there it does nothing. The server
// tries the change first without keeping it, and takes it only when nobody changed the
// object in between. It needs ChangeRules, and gives the version of the object that the
// server then has, "resource version 7". One that has other ranges, or that changed
// meanwhile, is fault.ErrConflict.
func (c *Client) SetSources(ctx context.Context, t Target, ref plan.WayRef, from, to plan.Sources) (string, error) {
	r, err := limitable(ref)
	if err != nil {
		return "", err
	}
	cn, err := c.connect(ctx, t)
	if err != nil {
		return "", err
	}
	defer cn.close()
	where := r.in(ref.Namespace) + "/" + ref.Name
	body, err := cn.answer(ctx, cn.rest.Get().AbsPath(where))
	if err != nil {
		return "", fmt.Errorf("get %q: %w", ref, err)
	}
	now, err := rangedOf(body)
	if err != nil {
		return "", fmt.Errorf("get %q: %w", ref, err)
	}
	has := plan.Setting{Sources: new(now.sources(ref.Kind))}
	switch {
	case has.Equal(plan.Setting{Sources: &to}):
		return now.name(), nil
	case !has.Equal(plan.Setting{Sources: &from}):
		return "", fmt.Errorf("%q has %s now, and not %s: %w", ref, has, from, fault.ErrConflict)
	}
	if body, err = json.Marshal(sourcesPatch(ref.Kind, now.Metadata.ResourceVersion, to)); err != nil {
		return "", fmt.Errorf("patch of %q: %w", ref, err)
	}
	patch := cn.patcher(types.MergePatchType, where, body)
	if _, err := cn.answer(ctx, patch().Param("dryRun", "All")); err != nil {
		return "", fmt.Errorf("try the source ranges of %q (server-side dry run): %w", ref, err)
	}
	if body, err = cn.answer(ctx, patch()); err != nil {
		return "", fmt.Errorf("patch %q: %w", ref, err)
	}
	if now, err = rangedOf(body); err != nil {
		return "", fmt.Errorf("patch %q: %w", ref, err)
	}
	return now.name(), nil
}

// ranged is the part of a Service or an Ingress that has its source ranges.
type ranged struct {
	Metadata struct {
		ResourceVersion string            `json:"resourceVersion"`
		Annotations     map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		LoadBalancerSourceRanges []string `json:"loadBalancerSourceRanges"`
	} `json:"spec"`
}

func (o ranged) name() string { return "resource version " + o.Metadata.ResourceVersion }

func (o ranged) sources(kind string) plan.Sources {
	if kind == plan.KindService {
		return plan.Sources{CIDRs: o.Spec.LoadBalancerSourceRanges}
	}
	in := ingress(&networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Annotations: o.Metadata.Annotations}})
	return plan.WayIn{Ingress: &in}.Sources()
}

func rangedOf(answer []byte) (ranged, error) {
	var o ranged
	if err := json.Unmarshal(answer, &o); err != nil {
		return ranged{}, fmt.Errorf("%w: %w", err, fault.ErrUnavailable)
	}
	return o, nil
}

// sourcesPatch is a JSON merge patch, in which null takes a field away (RFC 7396). With
// the resource version the server refuses it when anything changed meanwhile.
func sourcesPatch(kind, version string, to plan.Sources) map[string]any {
	metadata := map[string]any{"resourceVersion": version}
	if kind == plan.KindIngress {
		metadata["annotations"] = map[string]any{workload.AnnotationInboundCIDRs: to.Written}
		return map[string]any{"metadata": metadata}
	}
	return map[string]any{"metadata": metadata, "spec": map[string]any{"loadBalancerSourceRanges": to.CIDRs}}
}
