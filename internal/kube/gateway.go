package kube

import (
	"context"
	"errors"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// objectMeta is what is read of a custom resource's metadata.
type objectMeta struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Annotations map[string]string `json:"annotations"`
}

// gatewayObject is a Gateway of the Gateway API, the fields that are kept.
// https://gateway-api.sigs.k8s.io/reference/spec/
type gatewayObject struct {
	Metadata objectMeta `json:"metadata"`
	Spec     struct {
		Class string `json:"gatewayClassName"`
	} `json:"spec"`
	Status struct {
		Addresses []struct {
			Value string `json:"value"`
		} `json:"addresses"`
	} `json:"status"`
}

// reference is a parentRef or backendRef. What is left out has the API's default.
type reference struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// routeObject is any of the Gateway API's routes; they share these fields.
type routeObject struct {
	Metadata objectMeta `json:"metadata"`
	Spec     struct {
		Parents []reference `json:"parentRefs"`
		Rules   []struct {
			Backends []reference `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
	Status struct {
		Parents []struct {
			Parent     reference `json:"parentRef"`
			Conditions []struct {
				Type   string `json:"type"`
				Status string `json:"status"`
			} `json:"conditions"`
		} `json:"parents"`
	} `json:"status"`
}

// gateways reads the Gateway API where it is installed. A cluster without its
// resources has no gateways, which is an answer and not a gap.
func (c *collector) gateways(ctx context.Context) {
	var found []inventory.Gateway
	installed := false
	read := c.try(inventory.SectionNetwork, "", func() error {
		err := eachCustom(ctx, c.conn, gateways(), func() func([]gatewayObject) {
			found = nil
			return func(page []gatewayObject) {
				for _, g := range page {
					found = append(found, gateway(g))
				}
			}
		})
		installed = err == nil
		return ignoreAbsent(err)
	})
	if read && !installed {
		return
	}
	links := map[string][]string{} // gateway to services, both NAMESPACE/NAME
	for _, r := range routes() {
		c.try(inventory.SectionNetwork, "", func() error {
			var part map[string][]string
			err := eachCustom(ctx, c.conn, r, func() func([]routeObject) {
				part = map[string][]string{}
				return func(page []routeObject) {
					for i := range page {
						link(&page[i], part)
					}
				}
			})
			for name, services := range part {
				links[name] = append(links[name], services...)
			}
			return ignoreAbsent(err)
		})
	}
	for i, g := range found {
		found[i].Services = set(links[g.Namespace+"/"+g.Name])
	}
	c.snapshot.Gateways = found
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return err
}

func gateway(g gatewayObject) inventory.Gateway {
	out := inventory.Gateway{
		Namespace: g.Metadata.Namespace, Name: g.Metadata.Name, Class: g.Spec.Class,
		Annotations: balancerAnnotations(g.Metadata.Annotations),
	}
	for _, a := range g.Status.Addresses {
		out.Addresses = appendSet(out.Addresses, a.Value)
	}
	return out
}

// link notes which services a route leads its gateways to. Whether a
// ReferenceGrant allows a service of another namespace is left to the gateway's
// controller: one that refuses says so in the route's status.
func link(r *routeObject, links map[string][]string) {
	var services []string
	for _, rule := range r.Spec.Rules {
		for _, b := range rule.Backends {
			if b.Kind == "" || b.Kind == "Service" {
				services = append(services, b.in(r.Metadata.Namespace))
			}
		}
	}
	for _, p := range r.Spec.Parents {
		if (p.Kind == "" || p.Kind == "Gateway") && !r.refusedBy(p) {
			name := p.in(r.Metadata.Namespace)
			links[name] = append(links[name], services...)
		}
	}
}

// in writes the reference out as NAMESPACE/NAME, seen from a namespace.
func (ref reference) in(namespace string) string {
	if ref.Namespace != "" {
		namespace = ref.Namespace
	}
	return strings.Join([]string{namespace, ref.Name}, "/")
}

// refusedBy reports whether every status that the gateway's controller gave for
// this parent says that it did not accept the route. No status is no refusal.
func (r *routeObject) refusedBy(parent reference) bool {
	refused := false
	for _, s := range r.Status.Parents {
		if s.Parent.in(r.Metadata.Namespace) != parent.in(r.Metadata.Namespace) {
			continue
		}
		for _, cond := range s.Conditions {
			if cond.Type != "Accepted" {
				continue
			}
			if cond.Status != "False" {
				return false
			}
			refused = true
		}
	}
	return refused
}
