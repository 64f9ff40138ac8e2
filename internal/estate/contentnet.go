package estate

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Annotations of the AWS Load Balancer Controller.
const (
	schemeService = "service.beta.kubernetes.io/aws-load-balancer-scheme"
	typeService   = "service.beta.kubernetes.io/aws-load-balancer-type"
	schemeIngress = "alb.ingress.kubernetes.io/scheme"
)

// service adds a service in front of the workload of the same name.
func (c *content) service(w workload, t corev1.ServiceType) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: c.meta(w.namespace, w.name, w.age),
		Spec: corev1.ServiceSpec{
			Type: t, Selector: w.labels(), ClusterIP: fmt.Sprintf("172.20.%d.%d", c.next%200, 10+c.next%200),
			Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(w.port), Protocol: corev1.ProtocolTCP}},
		},
	}
	if t == corev1.ServiceTypeNodePort || t == corev1.ServiceTypeLoadBalancer {
		s.Spec.Ports[0].NodePort = 30080 + int32(c.next%100)
	}
	c.add(s)
	return s
}

// balancer adds a service of type LoadBalancer with a Network Load Balancer of
// the scheme, internal or internet-facing.
func (c *content) balancer(w workload, scheme string) {
	s := c.service(w, corev1.ServiceTypeLoadBalancer)
	s.Annotations = map[string]string{schemeService: scheme, typeService: "external"}
	s.Spec.LoadBalancerClass = new("service.k8s.aws/nlb")
	s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{Hostname: c.balancerName(w.name, scheme)}}
}

func (c *content) balancerName(name, scheme string) string {
	prefix := "k8s-"
	if scheme == "internal" {
		prefix = "internal-k8s-"
	}
	return fmt.Sprintf("%s%s-%s.elb.%s.amazonaws.com", prefix, name, stableHex(c.cluster+name, 16), c.region)
}

// ingress adds an ingress of the AWS Load Balancer Controller in front of the
// services, by path.
func (c *content) ingress(namespace, name, host, scheme string, age time.Duration, services ...string) {
	in := &networkingv1.Ingress{ObjectMeta: c.meta(namespace, name, age), Spec: networkingv1.IngressSpec{IngressClassName: new("alb")}}
	in.Annotations = map[string]string{schemeIngress: scheme, "alb.ingress.kubernetes.io/target-type": "ip"}
	rule := networkingv1.IngressRule{Host: host}
	rule.HTTP = &networkingv1.HTTPIngressRuleValue{}
	for _, s := range services {
		rule.HTTP.Paths = append(rule.HTTP.Paths, networkingv1.HTTPIngressPath{
			Path: "/" + s, PathType: new(networkingv1.PathTypePrefix),
			Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: s, Port: networkingv1.ServiceBackendPort{Number: 80}}},
		})
	}
	in.Spec.Rules = []networkingv1.IngressRule{rule}
	in.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: c.balancerName(name, scheme)}}
	c.add(in)
}

// gateway adds a Gateway of the Gateway API and a route from it to a service.
func (c *content) gateway(namespace, name, host, service string, age time.Duration) {
	created := c.asOf.Add(-age).Format(time.RFC3339)
	meta := func(name string) map[string]any {
		return map[string]any{"namespace": namespace, "name": name, "creationTimestamp": created, "uid": stableUUID(c.cluster + namespace + name)}
	}
	const version = "gateway.networking.k8s.io/v1"
	accepted := []any{map[string]any{"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "lastTransitionTime": created}}
	c.add(
		&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": version, "kind": "Gateway", "metadata": meta(name),
			"spec": map[string]any{
				"gatewayClassName": "aws-alb",
				"listeners":        []any{map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"}},
			},
			"status": map[string]any{
				"addresses":  []any{map[string]any{"type": "Hostname", "value": c.balancerName(name, "internet-facing")}},
				"conditions": accepted,
			},
		}},
		&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": version, "kind": "HTTPRoute", "metadata": meta(service),
			"spec": map[string]any{
				"hostnames":  []any{host},
				"parentRefs": []any{map[string]any{"name": name}},
				"rules":      []any{map[string]any{"backendRefs": []any{map[string]any{"name": service, "port": int64(80)}}}},
			},
			"status": map[string]any{"parents": []any{map[string]any{
				"parentRef": map[string]any{"name": name}, "controllerName": "gateway.k8s.aws/alb", "conditions": accepted,
			}}},
		}},
	)
}
