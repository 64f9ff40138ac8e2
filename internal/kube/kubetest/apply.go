package kubetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// fieldManager owns what Apply writes.
const fieldManager = "kubetest"

// Apply writes the objects of a manifest, in order, with their status. The
// server validates them strictly: an unknown field is an error.
func (l *Lab) Apply(ctx context.Context, manifest string) error {
	for doc := range strings.SplitSeq("\n"+manifest, "\n---") {
		var obj map[string]any
		if err := yaml.Unmarshal([]byte(doc), &obj); err != nil {
			return fmt.Errorf("manifest: %w", err)
		}
		if len(obj) == 0 {
			continue
		}
		if err := l.ApplyObject(ctx, obj); err != nil {
			return err
		}
	}
	return nil
}

// ApplyObject writes one object and, when it has one, its status. A custom
// resource definition is waited for until the server serves it.
func (l *Lab) ApplyObject(ctx context.Context, obj map[string]any) error {
	u := unstructured.Unstructured{Object: obj}
	where := objectPath(u)
	if err := l.patch(ctx, where, obj); err != nil {
		return fmt.Errorf("apply %s %s/%s: %w", u.GetKind(), u.GetNamespace(), u.GetName(), err)
	}
	if u.GetKind() == "CustomResourceDefinition" {
		return l.established(ctx, where)
	}
	status, ok := obj["status"]
	if !ok {
		return nil
	}
	err := l.patch(ctx, where+"/status", map[string]any{
		"apiVersion": obj["apiVersion"], "kind": obj["kind"], "status": status,
		"metadata": map[string]any{"name": u.GetName()},
	})
	if err != nil {
		return fmt.Errorf("apply status of %s %s/%s: %w", u.GetKind(), u.GetNamespace(), u.GetName(), err)
	}
	return nil
}

// Ask reads a path as the administrator, for what the server notes of it.
func (l *Lab) Ask(ctx context.Context, where string) error {
	return l.rest.Get().AbsPath(where).Do(ctx).Error()
}

// Debug adds an ephemeral container to a pod, which only a subresource allows.
func (l *Lab) Debug(ctx context.Context, namespace, pod, container, image string) error {
	body, err := json.Marshal(map[string]any{"spec": map[string]any{"ephemeralContainers": []any{
		map[string]any{"name": container, "image": image},
	}}})
	if err != nil {
		return err
	}
	err = l.rest.Patch(types.StrategicMergePatchType).
		AbsPath("/api/v1/namespaces", namespace, "pods", pod, "ephemeralcontainers").Body(body).Do(ctx).Error()
	if err != nil {
		return fmt.Errorf("debug pod %s/%s: %w", namespace, pod, err)
	}
	return nil
}

// Delete removes the object at a path.
func (l *Lab) Delete(ctx context.Context, path string) error {
	if err := l.rest.Delete().AbsPath(path).Do(ctx).Error(); err != nil {
		return fmt.Errorf("delete %s: %w", path, err)
	}
	return nil
}

// Generation tells how often what an object asks for was changed.
func (l *Lab) Generation(ctx context.Context, path string) (int64, error) {
	body, err := l.rest.Get().AbsPath(path).Do(ctx).Raw()
	if err != nil {
		return 0, fmt.Errorf("get %s: %w", path, err)
	}
	var o metav1.PartialObjectMetadata
	if err := json.Unmarshal(body, &o); err != nil {
		return 0, err
	}
	return o.Generation, nil
}

// Token makes a token for a service account, which must exist.
func (l *Lab) Token(ctx context.Context, namespace, serviceAccount string) (string, error) {
	body, err := l.rest.Post().AbsPath("/api/v1/namespaces", namespace, "serviceaccounts", serviceAccount, "token").
		SetHeader("Content-Type", runtime.ContentTypeJSON).
		Body([]byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}`)).Do(ctx).Raw()
	if err != nil {
		return "", fmt.Errorf("token of service account %s/%s: %w", namespace, serviceAccount, err)
	}
	var answer struct {
		Status struct {
			Token string `json:"token"`
		} `json:"status"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", err
	}
	return answer.Status.Token, nil
}

func (l *Lab) patch(ctx context.Context, where string, obj map[string]any) error {
	body, err := json.Marshal(obj)
	if err != nil {
		return err
	}
	return l.rest.Patch(types.ApplyYAMLPatchType).AbsPath(where).
		Param("fieldManager", fieldManager).Param("force", "true").Param("fieldValidation", "Strict").
		Body(body).Do(ctx).Error()
}

// established waits until the server has taken up a custom resource definition.
func (l *Lab) established(ctx context.Context, where string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		body, err := l.rest.Get().AbsPath(where).Do(ctx).Raw()
		if err != nil {
			return err
		}
		served, err := l.served(ctx, body)
		if err != nil || served {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("custom resource is not served in time")
		case <-tick.C:
		}
	}
}

func (l *Lab) served(ctx context.Context, definition []byte) (bool, error) {
	var crd struct {
		Spec struct {
			Group string `json:"group"`
			Names struct {
				Plural string `json:"plural"`
			} `json:"names"`
			// Versions has at least one entry that is served.
			Versions []struct {
				Name   string `json:"name"`
				Served bool   `json:"served"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(definition, &crd); err != nil {
		return false, err
	}
	for _, v := range crd.Spec.Versions {
		if !v.Served {
			continue
		}
		if l.rest.Get().AbsPath("/apis", crd.Spec.Group, v.Name, crd.Spec.Names.Plural).Do(ctx).Error() != nil {
			return false, nil //nolint:nilerr // not there yet
		}
	}
	return true, nil
}

func objectPath(u unstructured.Unstructured) string {
	gv, _ := schema.ParseGroupVersion(u.GetAPIVersion())
	resource, _ := meta.UnsafeGuessKindToResource(gv.WithKind(u.GetKind()))
	if u.GetKind() == "Gateway" { // the guess is "gatewaies"
		resource.Resource = "gateways"
	}
	base := path.Join("/apis", gv.Group, gv.Version)
	if gv.Group == "" {
		base = path.Join("/api", gv.Version)
	}
	if ns := u.GetNamespace(); ns != "" {
		base = path.Join(base, "namespaces", ns)
	}
	return path.Join(base, resource.Resource, u.GetName())
}

// rawJSON is enough for requests whose bodies are written by hand; of the
// answers only errors are decoded.
func rawJSON() runtime.NegotiatedSerializer {
	errorsOnly := runtime.NewScheme()
	metav1.AddToGroupVersion(errorsOnly, schema.GroupVersion{Version: "v1"})
	return serializer.NewCodecFactory(errorsOnly).WithoutConversion()
}
