package app_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

const secretsOfCluster = 12

// vaults makes a site of clusters with secrets.
func vaults(t *testing.T, n int) *site {
	t.Helper()
	return newSiteOf(t, "payments-legacy", n, filepath.Join(t.TempDir(), "eksposure.db"), func(_ int, c *estate.Cluster) {
		c.Objects = nil
		for i := range secretsOfCluster {
			c.Objects = append(c.Objects, estate.Secret("shop", fmt.Sprint("s", i), "password", "hunter2"))
		}
	})
}

// rewritten asks for secrets that are encrypted, those that are there too.
func (x *site) rewritten(i int) remediation.Request {
	q := x.newKey(i)
	q.Rewrite = true
	return q
}

// patches counts how often secrets of a cluster were written.
func (x *site) patches(i int) int {
	n := 0
	for _, c := range x.estate.Calls() {
		if c.Cluster == x.cluster(i).Name && c.Operation == "patch secrets" && c.Error == "" {
			n++
		}
	}
	return n
}

// doing makes a true round, and round answers in place of one.
type (
	doing func() (plan.Rewriting, error)
	round func(do doing) (plan.Rewriting, error)
)

// rounds are secrets of which each round writes few, or none.
type rounds struct {
	remediation.Secrets

	answers []round
}

func (r *rounds) Rewrite(ctx context.Context, now *inventory.Snapshot, mark string) (plan.Rewriting, error) {
	do := func() (plan.Rewriting, error) { return r.Secrets.Rewrite(ctx, now, mark) }
	if len(r.answers) == 0 {
		return do()
	}
	answer := r.answers[0]
	r.answers = r.answers[1:]
	return answer(do)
}

// Existing secrets are written again once the key is associated, each once.
func TestExistingSecretsAreWrittenAgain(t *testing.T) {
	t.Parallel()
	x := vaults(t, 4)
	s := remediation.New(x.parts)
	t.Run("all of them", func(t *testing.T) {
		r := started(t, s, x.rewritten(0))
		if len(r.Plan.Actions) != 3 || r.Plan.Actions[2].Kind != plan.SecretsRewrite {
			t.Fatalf("actions %+v", r.Plan.Actions)
		}
		r = x.done(t, s, r.Plan.ID, plan.Done)
		if got := x.patches(0); got != secretsOfCluster || r.Steps[2].Count != secretsOfCluster {
			t.Errorf("%d patches, %d counted", got, r.Steps[2].Count)
		}
	})
	t.Run("in rounds, without the right at first, and with one that is refused", func(t *testing.T) {
		c := x.parts
		c.Secrets = &rounds{Secrets: c.Secrets, answers: []round{
			func(doing) (plan.Rewriting, error) { return plan.Rewriting{}, fault.ErrThrottled },
			func(doing) (plan.Rewriting, error) { return plan.Rewriting{Written: 5, Left: 7}, nil },
			func(doing) (plan.Rewriting, error) {
				return plan.Rewriting{}, fmt.Errorf(`secrets is forbidden: cannot patch: %w`, fault.ErrDenied)
			},
			func(doing) (plan.Rewriting, error) {
				return plan.Rewriting{Complete: true, Failed: []string{"shop/frozen (admission)"}}, nil
			},
		}}
		s := remediation.New(c)
		r := started(t, s, x.rewritten(1))
		r = x.done(t, s, r.Plan.ID, plan.Paused)
		if !strings.Contains(r.Problem, "eksposure permissions secrets-kubernetes") || r.Steps[2].Count != 5 {
			t.Errorf("problem %q, step %+v", r.Problem, r.Steps[2])
		}
		again := func(want plan.State) {
			t.Helper()
			if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
				t.Fatal(err)
			}
			r = x.done(t, s, r.Plan.ID, want)
		}
		if again(plan.Paused); !strings.Contains(r.Problem, "shop/frozen") {
			t.Errorf("problem %q", r.Problem)
		}
		if again(plan.Done); x.patches(1) != secretsOfCluster {
			t.Errorf("%d patches", x.patches(1))
		}
	})
	t.Run("cut off before and after a round", func(t *testing.T) {
		for i, after := range []bool{false, true} {
			c := x.parts
			c.Secrets = &rounds{Secrets: c.Secrets, answers: []round{func(do doing) (plan.Rewriting, error) {
				if after {
					if _, err := do(); err != nil {
						t.Error(err)
					}
				}
				return plan.Rewriting{}, fault.ErrUnavailable
			}}}
			s := remediation.New(c)
			r := x.done(t, s, started(t, s, x.rewritten(2+i)).Plan.ID, plan.Done)
			if got := x.patches(2 + i); got != secretsOfCluster || r.Verified.Trait != remediation.Gone {
				t.Errorf("%d patches, the trait is %s", got, r.Verified.Trait)
			}
		}
	})
	t.Run("not where EKS does it", func(t *testing.T) {
		if _, err := plan.DraftRewrite(&inventory.Snapshot{Cluster: inventory.Cluster{Version: "1.28"}}, "p"); err == nil {
			t.Error("it was drafted for 1.28")
		}
		q := x.private(0)
		q.Rewrite = true
		if _, err := s.Draft(t.Context(), q, ann); err == nil {
			t.Error("it was drafted for an endpoint")
		}
	})
}

// What was there before the key stays as it is stored on old versions, and the plan says so
// before and after.
func TestSecretsOfBefore(t *testing.T) {
	t.Parallel()
	x := vaults(t, 1)
	s := remediation.New(x.parts)
	r := started(t, s, remediation.Request{Cluster: x.ref(0).String(), Trait: "unencrypted-kubernetes-secrets", Option: "associate", KeyARN: x.key})
	if diff := cmp.Diff([]string{"existing secrets", plan.AcceptIrreversible}, r.Approval.Accepted); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
	r = x.done(t, s, r.Plan.ID, plan.Done)
	if r.Verified.Trait != remediation.Gone || len(r.Verified.Evidence) != 1 || !strings.Contains(r.Verified.Evidence[0], "stay unencrypted in etcd") {
		t.Errorf("verified %+v", r.Verified)
	}
}

// An option that eksposure does not apply is refused before it asks for anything, with those
// that there are for the cluster.
func TestOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	const topic = "unencrypted-kubernetes-secrets"
	for name, tt := range map[string]struct {
		like string
		q    remediation.Request
		says string
	}{
		"by hand":             {"payments-dr", remediation.Request{Option: "key"}, `option "key" of topic "unencrypted-kubernetes-secrets" is done by hand, with ` + "`eksposure traits explain unencrypted-kubernetes-secrets`; eksposure applies no option"},
		"not of this cluster": {"payments-dr", remediation.Request{Option: "associate", NewKey: true}, "eksposure applies no option of it to this cluster; by hand, with `eksposure traits explain unencrypted-kubernetes-secrets`: key"},
		"none":                {"payments-legacy", remediation.Request{Option: "encrypt"}, "want one of associate, upgrade"},
		"without a key":       {"payments-legacy", remediation.Request{Option: "associate"}, "needs the ARN of a KMS key (--key), or is to make one (--create-key)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newSiteOf(t, tt.like, 1, filepath.Join(t.TempDir(), "eksposure.db"), func(_ int, c *estate.Cluster) { c.Objects = nil })
			tt.q.Cluster, tt.q.Trait = x.ref(0).String(), topic
			if _, err := remediation.New(x.parts).Draft(t.Context(), tt.q, ann); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}
