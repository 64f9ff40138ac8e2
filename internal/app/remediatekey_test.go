package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// newKey asks for secrets that are encrypted with a new key.
func (x *site) newKey(i int) remediation.Request {
	return remediation.Request{Cluster: x.ref(i).String(), Trait: "unencrypted-kubernetes-secrets", Option: "associate", NewKey: true}
}

// keysOf are the keys that a plan made.
func (x *site) keysOf(id string) []estate.Key {
	var list []estate.Key
	for _, a := range x.estate.Scenario().Accounts {
		for _, k := range a.Keys {
			if k.Tags[plan.KeyTag] == id {
				list = append(list, k)
			}
		}
	}
	return list
}

// encrypted wants a cluster that is encrypted with the one key that a plan made.
func (x *site) encrypted(t *testing.T, i int, id string) {
	t.Helper()
	keys, c := x.keysOf(id), x.cluster(i)
	if len(keys) != 1 {
		t.Fatalf("the plan made %d keys", len(keys))
	}
	k := keys[0]
	if k.Alias != "alias/eksposure/"+c.Name || !k.Rotation || k.State != "Enabled" || k.Tags["eksposure-cluster"] != c.Name {
		t.Errorf("key %+v", k)
	}
	want := []estate.Encryption{{Resources: []string{"secrets"}, KeyARN: "arn:aws:kms:" + k.Region + ":" + x.ref(i).Account + ":key/" + k.ID}}
	if diff := cmp.Diff(want, c.Encryption); diff != "" || len(c.Updates) != 1 {
		t.Errorf("%d updates (-want +got):\n%s", len(c.Updates), diff)
	}
}

// A key is made, named, rotated, and encrypts the cluster; after that nothing takes it back.
func TestSecretsWithANewKey(t *testing.T) {
	t.Parallel()
	x := newSite(t, 4, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	r := started(t, s, x.newKey(0))
	key := r.Plan.Actions[0].To.Key
	var policy struct {
		Statement []struct {
			Principal map[string]string `json:"Principal"`
		} `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(key.Policy), &policy); err != nil || len(policy.Statement) != 2 || !strings.HasSuffix(policy.Statement[1].Principal["AWS"], ":role/"+x.cluster(0).Role) {
		t.Errorf("policy %s, %v", key.Policy, err)
	}
	if to := r.Plan.Actions[1].To.Encryption.KeyARN; to != "arn:aws:kms:us-east-1:"+x.ref(0).Account+":alias/eksposure/cluster-0" {
		t.Errorf("the cluster is given %s", to)
	}
	r = x.done(t, s, r.Plan.ID, plan.Done)
	x.encrypted(t, 0, r.Plan.ID)
	if got := x.keysOf(r.Plan.ID)[0].Policy; got != key.Policy {
		t.Errorf("the key has the policy %s", got)
	}
	if _, err := s.Revert(t.Context(), r.Plan.ID, bob); !isConflict(err) {
		t.Errorf("revert: %v", err)
	}

	t.Run("taken back before it encrypts", func(t *testing.T) {
		r := x.madeAlone(t, s, 1)
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Reverted)
		k := x.keysOf(r.Plan.ID)[0]
		if k.Alias != "" || k.State != "PendingDeletion" || time.Until(k.DeletionDate) < 29*24*time.Hour || len(x.cluster(1).Encryption) > 0 {
			t.Errorf("key %+v", k)
		}
		x.done(t, s, started(t, s, x.newKey(1)).Plan.ID, plan.Done) // the name is free again
	})
	t.Run("not taken back when somebody encrypted with it", func(t *testing.T) {
		r := x.madeAlone(t, s, 2)
		by := plan.Action{Kind: plan.SecretsEncryption, To: plan.Setting{Encryption: &plan.Encryption{KeyARN: plan.AliasARN(x.ref(2))}}}
		if _, err := x.parts.Actor.Begin(t.Context(), by, x.ref(2), "somebody"); err != nil {
			t.Fatal(err)
		}
		x.estate.Finish()
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		if r = x.done(t, s, r.Plan.ID, plan.Stopped); !strings.Contains(r.Problem, "encrypts the cluster") || x.keysOf(r.Plan.ID)[0].State != "Enabled" {
			t.Errorf("problem %q, key %+v", r.Problem, x.keysOf(r.Plan.ID))
		}
	})
	t.Run("the name is taken", func(t *testing.T) {
		a := x.account(3)
		a.Keys = append(a.Keys, estate.Key{Region: x.ref(3).Region, ID: "theirs", State: "Enabled", Alias: "alias/eksposure/cluster-3"})
		if _, err := s.Draft(t.Context(), x.newKey(3), ann); !isConflict(err) || !strings.Contains(err.Error(), "key/theirs") {
			t.Errorf("%v", err)
		}
		a.Keys[len(a.Keys)-1].Alias = ""
		r := started(t, s, x.newKey(3))
		a.Keys[len(a.Keys)-1].Alias = "alias/eksposure/cluster-3" // between the approval and the change
		if r = x.done(t, s, r.Plan.ID, plan.Stopped); !strings.Contains(r.Problem, "something moved") || len(x.keysOf(r.Plan.ID)) != 0 {
			t.Errorf("problem %q", r.Problem)
		}
	})
}

func (x *site) account(i int) *estate.Account {
	for j := range x.estate.Scenario().Accounts {
		if a := &x.estate.Scenario().Accounts[j]; a.ID == x.ref(i).Account {
			return a
		}
	}
	return nil
}

// madeAlone is a plan that made its key and was paused before it encrypts with it.
func (x *site) madeAlone(t *testing.T, s *remediation.Service, i int) remediation.Run {
	t.Helper()
	r := started(t, s, x.newKey(i))
	for range maxAdvances {
		var err error
		if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
			t.Fatal(err)
		}
		x.later(time.Second)
		if !r.Steps[0].Held.IsZero() {
			break
		}
	}
	r, err := s.Pause(t.Context(), r.Plan.ID, ann)
	if err != nil || r.Steps[0].Held.IsZero() {
		t.Fatalf("%+v, %v", r.Steps, err)
	}
	return r
}

// keying are keys in a process that may be killed.
type keying struct {
	remediation.Keys

	p *process
}

func (k keying) Key(ctx context.Context, a plan.Action, ref inventory.ClusterRef, known string) (is plan.MadeKey, err error) {
	err = k.p.read(func() error {
		is, err = k.Keys.Key(ctx, a, ref, known)
		return err
	})
	return is, err
}

func (k keying) Make(ctx context.Context, a plan.Action, ref inventory.ClusterRef, is plan.MadeKey) (arn string, err error) {
	err = k.p.write(func() error {
		arn, err = k.Keys.Make(ctx, a, ref, is)
		return err
	})
	return arn, err
}

// The process is killed wherever it makes a difference while a key is made and
// associated. Another goes on: there is one key, and it encrypts the cluster.
func TestOneKeyWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 40
	x := newSite(t, clusters, filepath.Join(t.TempDir(), "eksposure.db"))
	living := remediation.New(x.parts)
	dying := func(p *process) *remediation.Service {
		p.Keys = keying{x.parts.Keys, p}
		return p.service()
	}
	immortal := &process{Config: x.parts}
	x.done(t, dying(immortal), started(t, living, x.newKey(0)).Plan.ID, plan.Done)
	if w := immortal.writes; w < 10 || w+2 > clusters {
		t.Fatalf("a plan makes %d calls that leave something, and there are %d clusters", w, clusters)
	}
	for i, p := range deaths(x.parts, immortal.writes) {
		cluster := i + 1
		t.Run(p.String(), func(t *testing.T) {
			id := started(t, living, x.newKey(cluster)).Plan.ID
			if _, err := x.carry(t, dying(p), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			x.later(10 * time.Minute) // KMS has shown what it has
			x.done(t, x.heir(), id, plan.Done)
			x.encrypted(t, cluster, id)
		})
	}
}

// slowKeys are keys that KMS does not show at once, and calls whose answers are lost.
type slowKeys struct {
	remediation.Keys

	hidden, lost int
}

func (k *slowKeys) Key(ctx context.Context, a plan.Action, ref inventory.ClusterRef, known string) (plan.MadeKey, error) {
	is, err := k.Keys.Key(ctx, a, ref, known)
	if is.ARN != "" && known == "" && k.hidden > 0 {
		k.hidden--
		return plan.MadeKey{}, err
	}
	return is, err
}

func (k *slowKeys) Make(ctx context.Context, a plan.Action, ref inventory.ClusterRef, is plan.MadeKey) (string, error) {
	arn, err := k.Keys.Make(ctx, a, ref, is)
	if k.lost--; k.lost >= 0 && err == nil {
		return "", fmt.Errorf("no answer within the time limit: %w", fault.ErrUnavailable)
	}
	return arn, err
}

func TestOneKeyInBadWeather(t *testing.T) {
	t.Parallel()
	x := newSite(t, 5, filepath.Join(t.TempDir(), "eksposure.db"))
	slow := func(k *slowKeys) *remediation.Service {
		c := x.parts
		k.Keys, c.Keys = c.Keys, k
		return remediation.New(c)
	}
	t.Run("every answer is lost", func(t *testing.T) {
		s := slow(&slowKeys{lost: 3})
		id := started(t, s, x.newKey(0)).Plan.ID
		x.done(t, s, id, plan.Done)
		x.encrypted(t, 0, id)
	})
	t.Run("the answer is lost, and KMS shows the key late", func(t *testing.T) {
		s := slow(&slowKeys{lost: 1, hidden: 4})
		id := started(t, s, x.newKey(1)).Plan.ID
		x.done(t, s, id, plan.Done)
		x.encrypted(t, 1, id)
	})
	t.Run("the call never came through", func(t *testing.T) {
		s := remediation.New(x.parts)
		x.estate.Inject(estate.Fault{Operation: "CreateKey", Kind: estate.FaultBreak, Times: 1})
		id := started(t, s, x.newKey(2)).Plan.ID
		if r, err := s.Advance(t.Context(), id); err != nil || r.Steps[0].Begun.IsZero() {
			t.Fatalf("%+v, %v", r.Steps, err)
		}
		x.later(time.Minute)
		if r, err := s.Advance(t.Context(), id); err != nil || !strings.Contains(r.Problem, "it is looked for until") || len(x.keysOf(id)) != 0 {
			t.Errorf("%q, %v", r.Problem, err)
		}
		x.later(5 * time.Minute)
		x.done(t, s, id, plan.Done)
		x.encrypted(t, 2, id)
	})
	t.Run("denied", func(t *testing.T) {
		s := remediation.New(x.parts)
		x.estate.Inject(estate.Fault{Operation: "CreateKey", Kind: estate.FaultDeny, Times: 1})
		id := started(t, s, x.newKey(3)).Plan.ID
		if r := x.done(t, s, id, plan.Paused); !strings.Contains(r.Problem, "kms:CreateKey") || !strings.Contains(r.Problem, "eksposure permissions key-creation-policy") || len(x.keysOf(id)) != 0 {
			t.Errorf("problem %q", r.Problem)
		}
		if _, err := s.Start(t.Context(), id, bob); err != nil { // the role was mended
			t.Fatal(err)
		}
		x.done(t, s, id, plan.Done)
		x.encrypted(t, 3, id)
	})
	t.Run("the key is disabled before it is used", func(t *testing.T) {
		s := remediation.New(x.parts)
		r := x.madeAlone(t, s, 4)
		a := x.account(4)
		for i := range a.Keys {
			if a.Keys[i].Tags[plan.KeyTag] == r.Plan.ID {
				a.Keys[i].State = "Disabled"
			}
		}
		if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		if r = x.done(t, s, r.Plan.ID, plan.Stopped); !strings.Contains(r.Problem, "not enabled") || len(x.cluster(4).Encryption) > 0 {
			t.Errorf("problem %q", r.Problem)
		}
	})
}
