package kube

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// fieldManager is who owns what SetImages and SetSources write, as managedFields shows it.
const fieldManager = "eksposure"

// SetImages gives containers of a workload the images of an action, when they have
// those that the plan found; with the new ones already there it does nothing. The
// server tries the change first without keeping it (dry run), and takes it only when
// nobody changed the workload in between. It needs ChangeRules, and gives the generation
// that the workload then has, "generation 7". One that has other images, or that changed
// meanwhile, is fault.ErrConflict.
func (c *Client) SetImages(ctx context.Context, t Target, from, to plan.WorkloadImages) (string, error) {
	ref := to.Workload
	r, err := rollable(ref)
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
		return "", fmt.Errorf("get workload %q: %w", ref, err)
	}
	now, err := templateOf(body)
	if err != nil {
		return "", fmt.Errorf("get workload %q: %w", ref, err)
	}
	now.images.Workload = ref
	has := plan.Setting{Images: new(now.images.Only(to))}
	switch {
	case has.Equal(plan.Setting{Images: &to}):
		return now.name(), nil
	case !has.Equal(plan.Setting{Images: &from}):
		return "", fmt.Errorf("workload %q has %s now, and not %s: %w", ref, has, from, fault.ErrConflict)
	}
	if body, err = json.Marshal(patchOf(ref.Kind, now.version, to)); err != nil {
		return "", fmt.Errorf("patch of workload %q: %w", ref, err)
	}
	patch := cn.patcher(types.StrategicMergePatchType, where, body)
	if _, err := cn.answer(ctx, patch().Param("dryRun", "All")); err != nil {
		return "", fmt.Errorf("try the new image of workload %q (server-side dry run): %w", ref, err)
	}
	if body, err = cn.answer(ctx, patch()); err != nil {
		return "", fmt.Errorf("patch workload %q: %w", ref, err)
	}
	if now, err = templateOf(body); err != nil {
		return "", fmt.Errorf("patch workload %q: %w", ref, err)
	}
	return now.name(), nil
}

// patcher makes requests that patch an object at a path, each for one use.
func (cn *conn) patcher(by types.PatchType, where string, body []byte) func() *rest.Request {
	return func() *rest.Request {
		return cn.rest.Patch(by).AbsPath(where).Param("fieldManager", fieldManager).Param("fieldValidation", "Strict").Body(body)
	}
}

// answer gives what the server answers, as JSON.
func (cn *conn) answer(ctx context.Context, req *rest.Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, cn.timeout)
	defer cancel()
	res := req.SetHeader("Accept", runtime.ContentTypeJSON).MaxRetries(maxRetries).Do(ctx)
	if err := res.Error(); err != nil { // with the server's own words, which Raw leaves out
		return nil, translate(err)
	}
	body, err := res.Raw()
	if err != nil {
		return nil, translate(err)
	}
	return body, nil
}

// template is what a workload asks for, its version in the server's store, and the
// number of its template's changes.
type template struct {
	version    string
	generation int64
	images     plan.WorkloadImages
}

func (t template) name() string { return fmt.Sprintf("generation %d", t.generation) }

// templateOf takes from an answer the part of a workload that all kinds have in one of two
// places.
func templateOf(answer []byte) (template, error) {
	type pods struct {
		Template struct {
			Spec corev1.PodSpec `json:"spec"`
		} `json:"template"`
	}
	var o struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
			Generation      int64  `json:"generation"`
		} `json:"metadata"`
		Spec struct {
			pods

			JobTemplate struct {
				Spec pods `json:"spec"`
			} `json:"jobTemplate"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(answer, &o); err != nil {
		return template{}, fmt.Errorf("%w: %w", err, fault.ErrUnavailable)
	}
	spec := &o.Spec.Template.Spec
	if len(spec.Containers) == 0 {
		spec = &o.Spec.JobTemplate.Spec.Template.Spec
	}
	return template{o.Metadata.ResourceVersion, o.Metadata.Generation, templateImages(spec)}, nil
}

// patchOf is a strategic merge patch, in which containers are found by their names.
// With the resource version the server refuses it when anything changed meanwhile.
func patchOf(kind, version string, to plan.WorkloadImages) map[string]any {
	spec := map[string]any{}
	for _, c := range to.Containers {
		field := "containers"
		if c.Init {
			field = "initContainers"
		}
		before, _ := spec[field].([]any)
		spec[field] = append(before, map[string]any{"name": c.Name, "image": c.Reference})
	}
	pods := map[string]any{"template": map[string]any{"spec": spec}}
	if kind == "CronJob" {
		pods = map[string]any{"jobTemplate": map[string]any{"spec": pods}}
	}
	return map[string]any{"metadata": map[string]any{"resourceVersion": version}, "spec": pods}
}
