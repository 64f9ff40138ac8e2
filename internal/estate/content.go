package estate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

const day = 24 * time.Hour

// content writes down what runs in a cluster, the way its API server would show it.
type content struct {
	cluster string // name; makes IDs differ between clusters
	region  string
	asOf    time.Time
	image   func(name string) pulled
	runtime string // prefix of imageID: "" for containerd, "docker-pullable://"
	nodes   []string
	next    int // counts pods: node and address of the next one
	objects []runtime.Object
}

// pulled is an image as a pod shows it.
type pulled struct{ reference, repository, digest string }

// use is one container of a workload.
type use struct {
	name, image string
	init        bool
}

// workload is what a controller runs.
type workload struct {
	namespace, name string
	replicas        int
	age             time.Duration
	serviceAccount  string
	uses            []use
	port            int32
	hostNetwork     bool
	phase           corev1.PodPhase // empty means Running
}

func (w workload) labels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": w.name}
}

func (c *content) meta(namespace, name string, age time.Duration) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(c.asOf.Add(-age)),
		UID: types.UID(stableUUID(c.cluster + "/" + namespace + "/" + name)),
	}
}

// owned adds the controller that made an object.
func owned(m metav1.ObjectMeta, apiVersion, kind string, owner metav1.ObjectMeta) metav1.ObjectMeta {
	m.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: apiVersion, Kind: kind, Name: owner.Name, UID: owner.UID, Controller: new(true), BlockOwnerDeletion: new(true),
	}}
	return m
}

func (c *content) add(objects ...runtime.Object) { c.objects = append(c.objects, objects...) }

// namespaces adds namespaces with the service account that each has by itself.
func (c *content) namespaces(age time.Duration, names ...string) {
	for _, n := range names {
		m := c.meta("", n, age)
		m.Labels = map[string]string{"kubernetes.io/metadata.name": n}
		c.add(&corev1.Namespace{ObjectMeta: m, Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive}})
		c.serviceAccount(n, "default", "", age)
	}
}

// serviceAccount adds a service account, with an IAM role when there is one.
func (c *content) serviceAccount(namespace, name, role string, age time.Duration) {
	m := c.meta(namespace, name, age)
	if role != "" {
		m.Annotations = map[string]string{"eks.amazonaws.com/role-arn": role}
	}
	c.add(&corev1.ServiceAccount{ObjectMeta: m})
}

// machine describes the nodes of a node group.
type machine struct {
	group, kubelet, os, arch string
	external                 bool // nodes have public addresses
	autoMode, fargate        bool
}

// addNodes adds n nodes.
func (c *content) addNodes(n int, m machine, age time.Duration) {
	for i := range n {
		id := c.cluster + m.group + strconv.Itoa(i)
		name := fmt.Sprintf("ip-10-%d-%d-%d.%s.compute.internal", 10+len(c.cluster)%8, 16*(i%3), 20+len(c.nodes)*7, c.region)
		if m.fargate {
			name = "fargate-" + name
		}
		meta := c.meta("", name, age)
		meta.Labels = map[string]string{
			"kubernetes.io/arch": m.arch, "kubernetes.io/os": "linux", "kubernetes.io/hostname": name,
			"topology.kubernetes.io/region": c.region, "topology.kubernetes.io/zone": c.region + string(rune('a'+i%3)),
			"node.kubernetes.io/instance-type": "m7i.large", labelNodeGroup: m.group,
		}
		if m.autoMode {
			delete(meta.Labels, labelNodeGroup)
			meta.Labels[labelCompute], meta.Labels["karpenter.sh/nodepool"] = "auto", m.group
		}
		if m.group == "self-managed" {
			delete(meta.Labels, labelNodeGroup)
		}
		if m.fargate {
			delete(meta.Labels, labelNodeGroup)
			meta.Labels[labelCompute] = "fargate"
		}
		addresses := []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.%d.%d.%d", 10+len(c.cluster)%8, 16*(i%3), 20+len(c.nodes)*7)},
			{Type: corev1.NodeHostName, Address: name},
		}
		if m.external {
			addresses = append(addresses, corev1.NodeAddress{Type: corev1.NodeExternalIP, Address: fmt.Sprintf("198.51.100.%d", 10+i)})
		}
		c.nodes = append(c.nodes, name)
		c.add(&corev1.Node{
			ObjectMeta: meta,
			Spec:       corev1.NodeSpec{ProviderID: "aws:///" + c.region + string(rune('a'+i%3)) + "/i-0" + stableHex(id, 16)},
			Status: corev1.NodeStatus{
				Addresses:  addresses,
				Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}},
				NodeInfo: corev1.NodeSystemInfo{
					KubeletVersion: m.kubelet, OSImage: m.os, Architecture: m.arch, OperatingSystem: "linux",
					ContainerRuntimeVersion: "containerd://2.1.4", KernelVersion: "6.12.46-66.121.amzn2023.x86_64",
				},
			},
		})
	}
}

// spec is the pod template of a workload.
func (c *content) spec(w workload) corev1.PodSpec {
	s := corev1.PodSpec{ServiceAccountName: w.serviceAccount, HostNetwork: w.hostNetwork}
	if s.ServiceAccountName == "" {
		s.ServiceAccountName = "default"
	}
	for _, u := range w.uses {
		ct := corev1.Container{Name: u.name, Image: c.image(u.image).reference}
		if u.init {
			s.InitContainers = append(s.InitContainers, ct)
			continue
		}
		if w.port > 0 {
			ct.Ports = []corev1.ContainerPort{{ContainerPort: w.port, Protocol: corev1.ProtocolTCP}}
		}
		s.Containers = append(s.Containers, ct)
	}
	return s
}

func (c *content) template(w workload) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: w.labels()}, Spec: c.spec(w)}
}

// pods adds the pods of a controller.
func (c *content) pods(w workload, apiVersion, kind string, owner metav1.ObjectMeta, name func(i int) string) {
	for i := range w.replicas {
		m := owned(c.meta(w.namespace, name(i), w.age), apiVersion, kind, owner)
		m.Labels = w.labels()
		c.add(c.pod(m, w))
	}
}

// pod is one pod as the kubelet reports it.
func (c *content) pod(m metav1.ObjectMeta, w workload) *corev1.Pod {
	c.next++
	p := &corev1.Pod{ObjectMeta: m, Spec: c.spec(w)}
	started := metav1.NewTime(m.CreationTimestamp.Add(30 * time.Second))
	p.Status.Phase, p.Status.StartTime = corev1.PodRunning, &m.CreationTimestamp
	if w.phase != "" {
		p.Status.Phase = w.phase
	}
	if len(c.nodes) > 0 {
		p.Spec.NodeName = c.nodes[c.next%len(c.nodes)]
	}
	p.Status.PodIP = fmt.Sprintf("10.%d.%d.%d", 10+len(c.cluster)%8, 64+c.next/250, c.next%250)
	for _, u := range w.uses {
		im := c.image(u.image)
		st := corev1.ContainerStatus{
			Name: u.name, Image: im.reference, ContainerID: "containerd://" + stableHex(c.cluster+m.Name+u.name, 64), Ready: true,
			ImageID: c.runtime + im.repository + "@" + im.digest,
		}
		done := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: started, FinishedAt: metav1.NewTime(started.Add(time.Minute))}}
		if u.init {
			st.State = done
			p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, st)
			continue
		}
		st.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}
		if p.Status.Phase == corev1.PodSucceeded {
			st.State, st.Ready = done, false
		}
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, st)
	}
	return p
}

// suffix is what Kubernetes ends generated names in.
func suffix(name string, n int) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	var out strings.Builder
	for _, b := range []byte(stableHex(name, n)) {
		out.WriteByte(letters[int(b)%len(letters)])
	}
	return out.String()
}

// deployment adds a Deployment, its ReplicaSet and its pods. Pods of an older
// revision, as in the middle of a rollout, are those of another workload of the
// same name in old.
func (c *content) deployment(w workload, old ...workload) {
	m := c.meta(w.namespace, w.name, w.age+30*day)
	m.Labels = w.labels()
	wanted := int32(w.replicas)
	c.add(&appsv1.Deployment{
		ObjectMeta: m,
		Spec:       appsv1.DeploymentSpec{Replicas: &wanted, Selector: &metav1.LabelSelector{MatchLabels: w.labels()}, Template: c.template(w)},
		Status:     appsv1.DeploymentStatus{Replicas: wanted, ReadyReplicas: wanted, AvailableReplicas: wanted},
	})
	for i, revision := range append([]workload{w}, old...) {
		revision.namespace, revision.name = w.namespace, w.name
		rs := w.name + "-" + suffix(c.cluster+w.name+strconv.Itoa(i), 10)
		rm := owned(c.meta(w.namespace, rs, revision.age), "apps/v1", "Deployment", m)
		rm.Labels = w.labels()
		n := int32(revision.replicas)
		c.add(&appsv1.ReplicaSet{
			ObjectMeta: rm,
			Spec:       appsv1.ReplicaSetSpec{Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: w.labels()}, Template: c.template(revision)},
			Status:     appsv1.ReplicaSetStatus{Replicas: n, ReadyReplicas: n},
		})
		c.pods(revision, "apps/v1", "ReplicaSet", rm, func(i int) string { return rs + "-" + suffix(rs+strconv.Itoa(i), 5) })
	}
}

func (c *content) daemonSet(w workload) {
	w.replicas = len(c.nodes)
	m := c.meta(w.namespace, w.name, w.age)
	n := int32(w.replicas)
	c.add(&appsv1.DaemonSet{
		ObjectMeta: m,
		Spec:       appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: w.labels()}, Template: c.template(w)},
		Status:     appsv1.DaemonSetStatus{DesiredNumberScheduled: n, CurrentNumberScheduled: n, NumberReady: n},
	})
	c.pods(w, "apps/v1", "DaemonSet", m, func(i int) string { return w.name + "-" + suffix(c.cluster+w.name+strconv.Itoa(i), 5) })
}

func (c *content) statefulSet(w workload) {
	m := c.meta(w.namespace, w.name, w.age)
	n := int32(w.replicas)
	c.add(&appsv1.StatefulSet{
		ObjectMeta: m,
		Spec:       appsv1.StatefulSetSpec{Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: w.labels()}, Template: c.template(w), ServiceName: w.name},
		Status:     appsv1.StatefulSetStatus{Replicas: n, ReadyReplicas: n},
	})
	c.pods(w, "apps/v1", "StatefulSet", m, func(i int) string { return fmt.Sprintf("%s-%d", w.name, i) })
}

// job adds a finished Job; schedule makes it the last run of a CronJob.
func (c *content) job(w workload, schedule string) {
	w.phase, w.replicas = corev1.PodSucceeded, 1
	name := w.name
	var owner *metav1.ObjectMeta
	if schedule != "" {
		m := c.meta(w.namespace, w.name, w.age+90*day)
		c.add(&batchv1.CronJob{
			ObjectMeta: m,
			Spec:       batchv1.CronJobSpec{Schedule: schedule, JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: c.template(w)}}},
		})
		owner, name = &m, fmt.Sprintf("%s-%d", w.name, c.asOf.Add(-w.age).Unix()/60)
	}
	m := c.meta(w.namespace, name, w.age)
	if owner != nil {
		m = owned(m, "batch/v1", "CronJob", *owner)
	}
	c.add(&batchv1.Job{
		ObjectMeta: m, Spec: batchv1.JobSpec{Completions: new(int32(1)), Parallelism: new(int32(1)), Template: c.template(w)},
		Status: batchv1.JobStatus{Succeeded: 1},
	})
	c.pods(w, "batch/v1", "Job", m, func(int) string { return name + "-" + suffix(name, 5) })
}
