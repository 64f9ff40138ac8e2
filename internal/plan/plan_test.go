package plan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
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

// written is a plan of before inverses were written down.
const written = `{"version":1,"id":"k3v9","cluster":{"partition":"aws","account":"111122223333","region":"eu-central-1","name":"shop"},"finding":"f","trait":"internet-reachable","option":"private",` +
	`"title":"shop: Make the endpoint private","author":"ann","drafted_at":"2026-11-24T12:00:00Z","seen_at":"2026-11-24T12:00:00Z",` +
	`"severity_before":"High","severity_after":"Medium","ends_trait":true,` +
	`"actions":[{"kind":"endpoint-access","target":{"type":"AWS::EKS::Cluster","uid":"arn:aws:eks:eu-central-1:111122223333:cluster/shop","name":"shop"},` +
	`"title":"Switch the private endpoint on","from":{"endpoint":{"public":true,"private":false,"public_cidrs":["0.0.0.0/0"]}},` +
	`"to":{"endpoint":{"public":true,"private":true,"public_cidrs":["0.0.0.0/0"]}},"permissions":["eks:UpdateClusterConfig"],"risk":"low","effect":"immediate"}]}`

// A plan says what undoes each action, or why nothing does, and its hash covers that. A plan
// of before hashes as it did, and is undone as it was.
func TestInversesAreInThePlan(t *testing.T) {
	var old plan.Plan
	if err := json.Unmarshal([]byte(written), &old); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(written))
	if got, err := old.Hash(); err != nil || got != hex.EncodeToString(sum[:]) {
		t.Errorf("an old plan has the hash %s now, %v", got, err)
	}
	now := old
	now.Actions = plan.WithBack(append(slices.Clone(old.Actions), plan.Action{Title: "Encrypt", Irreversible: "EKS takes no encryption away"}))
	text, err := json.Marshal(now.Actions)
	if err != nil {
		t.Fatal(err)
	}
	var actions []struct {
		Inverse      *plan.Change `json:"inverse"`
		Irreversible string       `json:"irreversible"`
	}
	if err := json.Unmarshal(text, &actions); err != nil {
		t.Fatal(err)
	}
	if back := actions[0].Inverse; back == nil || back.Title != "Take back: Switch the private endpoint on" || !back.From.Equal(old.Actions[0].To) || !back.To.Equal(old.Actions[0].From) {
		t.Errorf("inverse %+v", back)
	}
	if actions[1].Inverse != nil || actions[1].Irreversible == "" {
		t.Errorf("what cannot be undone: %+v", actions[1])
	}
	before, ok := old.Actions[0].Inverse()
	after, too := now.Actions[0].Inverse()
	if diff := cmp.Diff(before, after); diff != "" || !ok || !too {
		t.Errorf("(-old +new):\n%s", diff)
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
