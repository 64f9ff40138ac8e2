package estate

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	mediaJSON     = "application/json"
	mediaProtobuf = "application/vnd.kubernetes.protobuf"
)

// serve answers one request to a cluster's Kubernetes API.
func (k *kubeServer) serve(w http.ResponseWriter, r *http.Request) {
	record := Call{Account: k.account, Region: k.cluster.Region, Service: "kubernetes", Cluster: k.cluster.Name}
	user, err := k.authenticate(r)
	if err != nil {
		record.Operation, record.Error = r.URL.Path, "Unauthorized"
		k.estate.record(record)
		k.status(w, http.StatusUnauthorized, metav1.StatusReasonUnauthorized, "Unauthorized")
		return
	}
	record.Caller = user.arn
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	k.estate.settle()
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPatch:
		k.status(w, http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed, "the server does not allow this method on the requested resource")
		return
	case path[0] == "version":
		k.estate.world.RLock()
		defer k.estate.world.RUnlock()
		k.json(w, http.StatusOK, k.versionInfo())
		return
	case path[0] == "healthz" || path[0] == "readyz" || path[0] == "livez":
		_, _ = w.Write([]byte("ok")) // A caller that has gone away needs no answer.
		return
	case r.URL.Path == metricsPath:
		record.Operation = "get " + metricsPath
		record.Error = k.metrics(w, user)
		k.estate.record(record)
		return
	case k.discover(w, path):
		return
	}
	q, ok := k.parse(path)
	if !ok {
		k.status(w, http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource")
		return
	}
	q.patch = r.Method == http.MethodPatch
	if q.patch && !q.rollable() {
		k.status(w, http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed, "the server does not allow this method on the requested resource")
		return
	}
	if r.URL.Query().Get("watch") == "true" {
		k.status(w, http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed, "the estate tells of no change by itself, so there is nothing to watch")
		return
	}
	record.Operation = q.verb() + " " + q.resource.plural
	switch k.estate.fault(record) {
	case FaultThrottle:
		record.Error = "TooManyRequests"
		w.Header().Set("Retry-After", "1")
		k.status(w, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "Too many requests, please try again later.")
	case FaultBreak:
		record.Error = "InternalError"
		k.status(w, http.StatusInternalServerError, metav1.StatusReasonInternalError, "an internal error has occurred")
	case FaultHang:
		record.Error = "Timeout"
		k.estate.hang(r.Context())
	case FaultDeny:
		record.Error = "Forbidden"
		k.forbid(w, user, q)
	default:
		handle := k.answer
		if q.patch {
			handle = k.patch
		}
		record.Error = handle(w, r, user, q)
	}
	k.estate.record(record)
}

// metricsPath is where the API server counts what it was asked for.
const metricsPath = "/metrics"

// metrics tells of the deprecated APIs that were asked for, and little else.
func (k *kubeServer) metrics(w http.ResponseWriter, user *kubeUser) string {
	if !user.may("get", "", metricsPath) {
		return k.status(w, http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf("forbidden: User %q cannot get path %q", user.name, metricsPath))
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = fmt.Fprintf(w, "# TYPE apiserver_requested_deprecated_apis gauge\n") // A caller that has gone away needs no answer.
	for _, d := range k.cluster.Deprecated {
		_, _ = fmt.Fprintf(w, "apiserver_requested_deprecated_apis{group=%q,removed_release=%q,resource=%q,subresource=\"\",version=%q} 1\n", d.Group, d.RemovedIn, d.Resource, d.Version)
	}
	_, _ = fmt.Fprintf(w, "# TYPE apiserver_storage_objects gauge\napiserver_storage_objects{resource=\"pods\"} %d\n", len(k.cluster.Objects))
	return ""
}

// question is what a path of the resource API asks for.
type question struct {
	resource        resource
	namespace, name string
	// patch tells that the object shall be changed.
	patch bool
}

func (q question) verb() string {
	if q.patch {
		return "patch"
	}
	if q.name != "" {
		return "get"
	}
	return "list"
}

// parse reads /api/v1/… and /apis/GROUP/VERSION/…, with or without a namespace.
func (k *kubeServer) parse(path []string) (question, bool) {
	group := ""
	switch {
	case path[0] == "api" && len(path) >= 3:
		path = path[1:]
	case path[0] == "apis" && len(path) >= 4:
		group, path = path[1], path[2:]
	default:
		return question{}, false
	}
	version, path := path[0], path[1:]
	var q question
	if len(path) >= 3 && path[0] == "namespaces" {
		q.namespace, path = path[1], path[2:]
	}
	if len(path) == 2 {
		q.name = path[1]
	}
	r, ok := k.store.find(group, version, path[0])
	q.resource = r
	return q, ok && len(path) <= 2 && (q.namespace == "" || r.namespaced) && (q.name == "" || q.namespace != "" || !r.namespaced)
}

// answer gives one object or a list, and returns the reason of a refusal.
func (k *kubeServer) answer(w http.ResponseWriter, r *http.Request, user *kubeUser, q question) string {
	if !user.may(q.verb(), q.resource.group, q.resource.plural) {
		return k.forbid(w, user, q)
	}
	k.estate.world.RLock()
	defer k.estate.world.RUnlock()
	media, partial, ok := accept(r, q.resource)
	if !ok {
		return k.status(w, http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable, "only the following media types are accepted: application/json")
	}
	if q.name != "" {
		for _, o := range k.store.objects[q.resource] {
			if m := accessor(o); m.GetName() == q.name && m.GetNamespace() == q.namespace {
				return k.write(w, q.resource, media, o)
			}
		}
		return k.status(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("%s %q not found", groupResource(q.resource), q.name))
	}
	objects, err := selectObjects(k.store.objects[q.resource], q.namespace, r)
	if err != nil {
		return k.status(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	start, err := readContinue(r.URL.Query().Get("continue"), len(objects))
	if err != nil {
		return k.status(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	list := metav1.ListMeta{ResourceVersion: k.store.version()}
	end := len(objects)
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && limit > 0 && start+limit < end {
		end = start + limit
		list.Continue = base64.RawURLEncoding.EncodeToString([]byte("from:" + strconv.Itoa(end)))
		// The apiserver counts the rest only when no selector is used; so do we.
		if r.URL.Query().Get("labelSelector") == "" && r.URL.Query().Get("fieldSelector") == "" {
			list.RemainingItemCount = new(int64(len(objects) - end))
		}
	}
	if partial {
		return k.writePartial(w, objects[start:end], list)
	}
	return k.writeList(w, q.resource, media, objects[start:end], list)
}

func readContinue(token string, n int) (int, error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	start, errNumber := strconv.Atoi(strings.TrimPrefix(string(text), "from:"))
	if err != nil || errNumber != nil || start < 0 || start > n {
		return 0, fmt.Errorf("continue key is not valid: %q", token)
	}
	return start, nil
}

// selectObjects applies namespace, labelSelector and the field selectors that
// pods have everywhere.
func selectObjects(objects []runtime.Object, namespace string, r *http.Request) ([]runtime.Object, error) {
	byLabel, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return nil, fmt.Errorf("unable to parse requirement: %w", err)
	}
	byField, err := fields.ParseSelector(r.URL.Query().Get("fieldSelector"))
	if err != nil {
		return nil, fmt.Errorf("invalid field selector: %w", err)
	}
	if namespace == "" && byLabel.Empty() && byField.Empty() {
		return objects, nil
	}
	return slices.DeleteFunc(slices.Clone(objects), func(o runtime.Object) bool {
		m := accessor(o)
		return namespace != "" && m.GetNamespace() != namespace || !byLabel.Matches(labels.Set(m.GetLabels())) || !byField.Matches(fieldsOf(o))
	}), nil
}

// accept chooses the media type that the caller likes best of those that the
// resource has. partial asks for metadata alone.
func accept(r *http.Request, res resource) (media string, partial, ok bool) {
	header := r.Header.Get("Accept")
	if header == "" {
		return mediaJSON, false, true
	}
	for part := range strings.SplitSeq(header, ",") {
		kind, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		as := params["as"]
		switch {
		case as != "" && as != "PartialObjectMetadataList":
			continue
		case as != "" && kind == mediaJSON:
			return mediaJSON, true, true
		case as != "":
			continue
		case kind == mediaProtobuf && !res.custom:
			return mediaProtobuf, false, true
		case kind == mediaJSON || kind == "*/*" || kind == "application/*":
			return mediaJSON, false, true
		}
	}
	return "", false, false
}

func (k *kubeServer) write(w http.ResponseWriter, res resource, media string, o runtime.Object) string {
	info, ok := runtime.SerializerInfoForMediaType(k.estate.codec.factory.SupportedMediaTypes(), media)
	if !ok {
		return k.status(w, http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable, "unknown media type")
	}
	encoder := k.estate.codec.factory.EncoderForVersion(info.Serializer, res.groupVersion())
	if res.custom {
		encoder = unstructured.UnstructuredJSONScheme
	}
	data, err := runtime.Encode(encoder, o)
	if err != nil {
		return k.status(w, http.StatusInternalServerError, metav1.StatusReasonInternalError, "the object cannot be encoded")
	}
	w.Header().Set("Content-Type", media)
	_, _ = w.Write(data) // A caller that has gone away needs no answer.
	return ""
}

func (k *kubeServer) writeList(w http.ResponseWriter, res resource, media string, items []runtime.Object, m metav1.ListMeta) string {
	if res.custom {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(res.groupVersion().WithKind(res.kind + "List"))
		list.SetResourceVersion(m.ResourceVersion)
		list.SetContinue(m.Continue)
		for _, o := range items {
			if u, ok := o.(*unstructured.Unstructured); ok {
				list.Items = append(list.Items, *u)
			}
		}
		return k.write(w, res, media, list)
	}
	list, err := k.estate.codec.scheme.New(res.groupVersion().WithKind(res.kind + "List"))
	if err != nil {
		return k.status(w, http.StatusInternalServerError, metav1.StatusReasonInternalError, "the list has no type")
	}
	if err := meta.SetList(list, items); err != nil {
		return k.status(w, http.StatusInternalServerError, metav1.StatusReasonInternalError, "the list cannot be filled")
	}
	if l, err := meta.ListAccessor(list); err == nil {
		l.SetResourceVersion(m.ResourceVersion)
		l.SetContinue(m.Continue)
		l.SetRemainingItemCount(m.RemainingItemCount)
	}
	return k.write(w, res, media, list)
}

func (k *kubeServer) writePartial(w http.ResponseWriter, items []runtime.Object, m metav1.ListMeta) string {
	list := metav1.PartialObjectMetadataList{
		TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadataList"}, ListMeta: m,
		Items: make([]metav1.PartialObjectMetadata, 0, len(items)),
	}
	for _, o := range items {
		p := meta.AsPartialObjectMetadata(accessor(o))
		p.TypeMeta = metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"}
		list.Items = append(list.Items, *p)
	}
	return k.json(w, http.StatusOK, list)
}

func (k *kubeServer) json(w http.ResponseWriter, status int, v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", mediaJSON)
	w.WriteHeader(status)
	_, _ = w.Write(data) // A caller that has gone away needs no answer.
	return ""
}

// status answers with a Status object and returns its reason.
func (k *kubeServer) status(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) string {
	k.json(w, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure,
		Message: message, Reason: reason, Code: int32(code),
	})
	return string(reason)
}

func (k *kubeServer) forbid(w http.ResponseWriter, user *kubeUser, q question) string {
	scope := "at the cluster scope"
	if q.namespace != "" {
		scope = fmt.Sprintf("in the namespace %q", q.namespace)
	}
	name := ""
	if q.name != "" {
		name = fmt.Sprintf(" %q", q.name)
	}
	return k.status(w, http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf(
		"%s%s is forbidden: User %q cannot %s resource %q in API group %q %s",
		groupResource(q.resource), name, user.name, q.verb(), q.resource.plural, q.resource.group, scope))
}

func groupResource(r resource) string {
	if r.group == "" {
		return r.plural
	}
	return r.plural + "." + r.group
}
