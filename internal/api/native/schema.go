package native

import (
	"encoding"
	"encoding/json"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/schedule"
)

// schema is a JSON Schema (draft 2020-12), as OpenAPI 3.1 uses it.
type schema map[string]any

// schemas gathers the schemas of the types that operations name.
type schemas struct{ components map[string]schema }

// words are the values of closed sets.
func words() map[reflect.Type][]string {
	sets := map[reflect.Type][]string{}
	set(sets, exposure.Create, exposure.Update, exposure.Close)
	set(sets, exposure.Contributing, exposure.Contextual, exposure.Unknown)
	set(sets, exposure.Resolved, exposure.Low, exposure.Medium, exposure.High, exposure.Critical)
	set(sets, exposure.Reachability, exposure.Misconfiguration, exposure.Vulnerability, exposure.Assumability, exposure.Impact, exposure.SensitiveData)
	set(sets, exposure.CustomerKey, exposure.DefaultKey, exposure.NoEncryption, exposure.UnknownEncryption)
	set(sets, exposure.NoFinding, exposure.Unchanged, exposure.Created, exposure.Updated, exposure.Closed, exposure.Reopened, "overridden")
	set(sets, inventory.Sections()...)
	set(sets, access.Roles()...)
	set(sets, access.Read, access.Operate, access.Approve, access.Administer)
	set(sets, export.CSV, export.OCSFJSON)
	set(sets, export.Running, export.Succeeded, export.Failed, export.Cancelled)
	set(sets, plan.States()...)
	set(sets, plan.EndpointAccess, plan.SecretsEncryption, plan.WorkloadImage, plan.SourceRanges)
	set(sets, plan.ControlPlaneVersion, plan.AddonVersion, plan.NodeGroupVersion, plan.UpgradePolicy, plan.Deletion)
	set(sets, plan.RiskLow, plan.RiskMedium, plan.RiskHigh)
	set(sets, plan.Immediate, plan.Deferred)
	set(sets, plan.Passed, plan.Failed, plan.Unknown)
	set(sets, remediation.MoveApprove, remediation.MoveApply, remediation.MovePause, remediation.MoveRevert, remediation.MoveCancel)
	set(sets, remediation.Gone, remediation.Present, remediation.Unclear)
	set(sets, schedule.Discovering, schedule.Scanning, schedule.Finished, schedule.NotDiscovered)
	return sets
}

func set[T ~string](sets map[reflect.Type][]string, values ...T) {
	for _, v := range values {
		sets[reflect.TypeFor[T]()] = append(sets[reflect.TypeFor[T]()], string(v))
	}
}

// reference gives the schema of a type where it is used: a reference for a struct
// that has a name.
func (s *schemas) reference(t reflect.Type) schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return schema{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		return schema{}
	case t == reflect.TypeFor[exposure.Effort]():
		return schema{"type": "string", "enum": []string{"minutes", "hours", "days"}}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.reference(t.Elem())
	case reflect.Struct:
		if t.Name() == "" {
			return s.object(t)
		}
		name := nameOf(t)
		if _, known := s.components[name]; !known {
			s.components[name] = schema{} // ends the recursion
			s.components[name] = s.object(t)
		}
		return schema{"$ref": "#/components/schemas/" + name}
	case reflect.Slice, reflect.Array:
		return schema{"type": "array", "items": s.reference(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.reference(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.String:
		if set := words()[t]; set != nil {
			return schema{"type": "string", "enum": slices.Compact(slices.Sorted(slices.Values(set)))}
		}
		return schema{"type": "string"}
	default:
		return schema{"type": "integer"}
	}
}

// object gives the schema of a struct. A member that is left out when it is empty
// is not required; a list that is not, may be null.
func (s *schemas) object(t reflect.Type) schema {
	properties := schema{}
	required := []string{}
	s.members(t, properties, &required)
	slices.Sort(required)
	o := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func (s *schemas) members(t reflect.Type, properties schema, required *[]string) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			s.members(f.Type, properties, required)
			continue
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		p := s.reference(f.Type)
		optional := strings.Contains(options, "omit")
		if k := f.Type.Kind(); !optional && (k == reflect.Slice || k == reflect.Map || k == reflect.Pointer) && f.Type != reflect.TypeFor[json.RawMessage]() {
			p = nullable(p)
		}
		if doc := f.Tag.Get("doc"); doc != "" {
			p = described(p, doc)
		}
		properties[name] = p
		if !optional {
			*required = append(*required, name)
		}
	}
}

// nullable also allows null.
func nullable(s schema) schema {
	if kind, ok := s["type"].(string); ok {
		s["type"] = []string{kind, "null"}
		return s
	}
	return schema{"anyOf": []schema{s, {"type": "null"}}}
}

// described adds a description; one may stand beside a reference.
func described(s schema, doc string) schema {
	s["description"] = doc
	return s
}

// nameOf names a type's schema: native types by their own name, the domain's with
// their package's before it.
func nameOf(t reflect.Type) string {
	name := t.Name()
	if open := strings.IndexByte(name, '['); open >= 0 { // page[…/exposure.Overview] is OverviewPage
		name = path.Ext(strings.TrimSuffix(name[open+1:], "]"))[1:] + strings.ToUpper(name[:1]) + name[1:open]
	}
	base := path.Base(t.PkgPath())
	if base == "native" {
		return name
	}
	return strings.ToUpper(base[:1]) + base[1:] + name
}
