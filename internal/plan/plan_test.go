package plan_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/plan"
)

// whole is a plan with a value in every field.
func whole(t *testing.T) plan.Plan {
	t.Helper()
	var p plan.Plan
	fill(t, reflect.ValueOf(&p).Elem(), "p")
	return p
}

// fill gives every field a value; a field of a type that it does not know ends the
// test, so that a new one is seen.
func fill(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("a")
	case reflect.Int:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), path)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	default:
		t.Fatalf("%s is a %s", path, v.Kind())
	}
}

// leaves calls f for every value of a plan, with what changes it.
func leaves(v reflect.Value, path string, f func(path string, change func())) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		f(path, func() { v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Millisecond))) }) //nolint:forcetypeassert // see above
		return
	}
	switch v.Kind() { //nolint:exhaustive // fill knows no others
	case reflect.String:
		f(path, func() { v.SetString(v.String() + "b") })
	case reflect.Int:
		f(path, func() { v.SetInt(v.Int() + 1) })
	case reflect.Bool:
		f(path, func() { v.SetBool(!v.Bool()) })
	case reflect.Pointer:
		leaves(v.Elem(), path, f)
	case reflect.Slice:
		leaves(v.Index(0), path, f)
		f(path+" longer", func() { v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem()))) })
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	}
}

// The hash covers every value of a plan, and is the same after the plan was written
// and read.
func TestHash(t *testing.T) {
	p := whole(t)
	want, err := p.Hash()
	if err != nil || len(want) != 64 {
		t.Fatalf("%q, %v", want, err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again plan.Plan
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if got, err := again.Hash(); err != nil || got != want {
		t.Errorf("after reading it is %q, %v", got, err)
	}
	count := 0
	leaves(reflect.ValueOf(&p).Elem(), "plan", func(string, func()) { count++ })
	for i := range count {
		p, at := whole(t), 0
		leaves(reflect.ValueOf(&p).Elem(), "plan", func(path string, change func()) {
			at++
			if at-1 != i {
				return
			}
			change()
			if got, err := p.Hash(); err != nil || got == want {
				t.Errorf("the hash does not cover %s (%v)", path, err)
			}
		})
	}
	if count < 30 {
		t.Errorf("only %d values were changed", count)
	}
}

func TestDemands(t *testing.T) {
	p := plan.Plan{
		Checks: []plan.Check{{Name: "nodes", Verdict: plan.Unknown}, {Name: "key", Verdict: plan.Passed}, {Name: "operator", Verdict: plan.Failed}},
		Actions: []plan.Action{
			{Permissions: []string{"eks:UpdateClusterConfig", "eks:DescribeUpdate"}},
			{Permissions: []string{"eks:DescribeUpdate"}, Irreversible: "so it is"},
		},
	}
	if diff := cmp.Diff([]string{"nodes", plan.AcceptIrreversible}, p.Demands()); diff != "" {
		t.Errorf("demands (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"eks:DescribeUpdate", "eks:UpdateClusterConfig"}, p.Permissions()); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	p.Actions = p.Actions[:1]
	if diff := cmp.Diff([]string{"nodes"}, p.Demands()); diff != "" || !p.Reversible() {
		t.Errorf("without the irreversible action (-want +got):\n%s", diff)
	}
}
