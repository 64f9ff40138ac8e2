package app_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

func isConflict(err error) bool { return errors.Is(err, fault.ErrConflict) }

// errKilled is what the rest of a process meets that was killed.
var errKilled = errors.New("killed")

// process is what a service works with until it is killed: before one of the calls that
// leave something behind, or after the last one. A killed process calls nothing any more.
type process struct {
	remediation.Config

	// at is that call; last is how many there are. Without either it is immortal.
	at, last int

	mu     sync.Mutex
	writes int
	dead   bool
}

// deaths are all ways to be killed for a process that makes a number of calls that leave
// something behind. To be killed after one of them is to be killed before the next: what is
// only read between them leaves nothing that another process could meet.
func deaths(c remediation.Config, writes int) []*process {
	var list []*process
	for at := range writes + 1 {
		list = append(list, &process{Config: c, at: at + 1, last: writes})
	}
	return list
}

func (p *process) String() string {
	if p.at > p.last {
		return "after the last write"
	}
	return fmt.Sprintf("before write %d of %d", p.at, p.last)
}

// heir is another process that comes after a killed one, whose lease has ended.
func (x *site) heir() *remediation.Service {
	x.later(2 * time.Minute)
	c := x.parts
	c.Holder = "heir"
	return remediation.New(c)
}

// service is a service in the process.
func (p *process) service() *remediation.Service {
	c := p.Config
	c.Documents, c.Actor, c.Log, c.Leases = documents{p.Documents, p}, acting{p.Actor, p}, logging{p.Log, p}, leasing{p.Leases, p}
	return remediation.New(c)
}

// read lets a process make a call that leaves nothing behind.
func (p *process) read(do func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return errKilled
	}
	return do()
}

// write lets it make one that does.
func (p *process) write(do func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = p.dead || p.writes+1 == p.at
	if p.dead {
		return errKilled
	}
	p.writes++
	err := do()
	if p.writes == p.last {
		p.dead = true
		return errKilled
	}
	return err
}

type documents struct {
	remediation.Documents

	p *process
}

func (d documents) ReplacePlan(ctx context.Context, r plan.Record, old []byte) error {
	return d.p.write(func() error { return d.Documents.ReplacePlan(ctx, r, old) })
}

func (d documents) Plan(ctx context.Context, kind, id string) (document []byte, err error) {
	err = d.p.read(func() error {
		document, err = d.Documents.Plan(ctx, kind, id)
		return err
	})
	return document, err
}

func (d documents) Plans(ctx context.Context, q plan.Query) (list [][]byte, err error) {
	err = d.p.read(func() error {
		list, err = d.Documents.Plans(ctx, q)
		return err
	})
	return list, err
}

type acting struct {
	remediation.Actor

	p *process
}

func (a acting) Begin(ctx context.Context, action plan.Action, ref inventory.ClusterRef, token string) (id string, err error) {
	err = a.p.write(func() error {
		id, err = a.Actor.Begin(ctx, action, ref, token)
		return err
	})
	return id, err
}

func (a acting) Progress(ctx context.Context, action plan.Action, ref inventory.ClusterRef, update string) (u inventory.Update, err error) {
	err = a.p.read(func() error {
		u, err = a.Actor.Progress(ctx, action, ref, update)
		return err
	})
	return u, err
}

type logging struct {
	remediation.Log

	p *process
}

func (l logging) Audit(ctx context.Context, e access.Entry) error {
	return l.p.write(func() error { return l.Log.Audit(ctx, e) })
}

// leasing does not count: what a killed process held stays held until its time.
type leasing struct {
	remediation.Leases

	p *process
}

func (l leasing) Release(ctx context.Context, kind, id, holder string) error {
	l.p.mu.Lock()
	dead := l.p.dead
	l.p.mu.Unlock()
	if dead {
		return errKilled
	}
	return l.Leases.Release(ctx, kind, id, holder)
}

// The process is killed wherever it makes a difference while it applies a plan of two
// actions. Another goes on: EKS was asked for one update per action, the plan is done, and
// the severity fell.
func TestAppliedOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 40
	x := newSite(t, clusters, filepath.Join(t.TempDir(), "eksposure.db"))
	living := remediation.New(x.parts)
	immortal := &process{Config: x.parts}
	x.done(t, immortal.service(), started(t, living, x.private(0)).Plan.ID, plan.Done)
	if w := immortal.writes; w < 10 || w+2 > clusters {
		t.Fatalf("a plan makes %d calls that leave something, and there are %d clusters", w, clusters)
	}
	for i, p := range deaths(x.parts, immortal.writes) {
		cluster := i + 1
		t.Run(p.String(), func(t *testing.T) {
			before := x.finding(t, cluster).Severity
			id := started(t, living, x.private(cluster)).Plan.ID
			if _, err := x.carry(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			soon := x.parts
			soon.Holder = "too soon"
			if _, err := remediation.New(soon).Advance(t.Context(), id); err != nil && !isConflict(err) {
				t.Errorf("while the killed one holds it: %v", err)
			}
			r := x.done(t, x.heir(), id, plan.Done)
			if got := len(x.cluster(cluster).Updates); got != 2 {
				t.Errorf("%d updates, want 2", got)
			}
			if r.Verified.Trait != remediation.Gone || x.finding(t, cluster).Severity.Rank() >= before.Rank() {
				t.Errorf("the trait is %s, severity %s → %s", r.Verified.Trait, before, x.finding(t, cluster).Severity)
			}
		})
	}
}

// hooks stand between a service and its actor and clusters.
type hooks struct {
	remediation.Actor
	remediation.Clusters

	begin    func(try int, ask func() (string, error)) (string, error)
	describe func(*inventory.Snapshot)
	rescan   func(*exposure.Outcome, error) (*exposure.Outcome, error)
	ready    func(inventory.ClusterRef, *plan.Readiness)
	tries    int
}

func (h *hooks) Readiness(ctx context.Context, now *inventory.Snapshot, path []string) plan.Readiness {
	r := h.Clusters.Readiness(ctx, now, path)
	if h.ready != nil {
		h.ready(now.Cluster.Ref, &r)
	}
	return r
}

func (h *hooks) Begin(ctx context.Context, a plan.Action, ref inventory.ClusterRef, token string) (string, error) {
	h.tries++
	ask := func() (string, error) { return h.Actor.Begin(ctx, a, ref, token) }
	if h.begin == nil {
		return ask()
	}
	return h.begin(h.tries, ask)
}

func (h *hooks) Describe(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	s, err := h.Clusters.Describe(ctx, ref)
	if err == nil && h.describe != nil {
		h.describe(s)
	}
	return s, err
}

func (h *hooks) Rescan(ctx context.Context, ref inventory.ClusterRef) (*exposure.Outcome, error) {
	o, err := h.Clusters.Rescan(ctx, ref)
	if h.rescan == nil {
		return o, err
	}
	return h.rescan(o, err)
}

func (x *site) hooked(h *hooks) *remediation.Service {
	c := x.parts
	h.Actor, h.Clusters = c.Actor, c.Clusters
	c.Actor, c.Clusters = h, h
	return remediation.New(c)
}

// onlyFirst has the first call fail.
func onlyFirst(err error) func(int, func() (string, error)) (string, error) {
	return func(try int, ask func() (string, error)) (string, error) {
		if try == 1 {
			return "", err
		}
		return ask()
	}
}

// What can go wrong while a plan is applied: nothing is done twice, nothing is lost,
// and the state says the truth.
func TestApplyingInBadWeather(t *testing.T) {
	t.Parallel()
	x := newSite(t, 14, filepath.Join(t.TempDir(), "eksposure.db"))
	plain := remediation.New(x.parts)
	updates := func(t *testing.T, cluster, want int) {
		t.Helper()
		if got := len(x.cluster(cluster).Updates); got != want {
			t.Errorf("%d updates, want %d", got, want)
		}
	}
	t.Run("throttled", func(t *testing.T) {
		s := x.hooked(&hooks{begin: onlyFirst(fault.ErrThrottled)})
		x.done(t, s, started(t, s, x.private(0)).Plan.ID, plan.Done)
		updates(t, 0, 2)
	})
	t.Run("another update came first", func(t *testing.T) {
		s := x.hooked(&hooks{begin: onlyFirst(fmt.Errorf("ResourceInUseException: %w", fault.ErrConflict))})
		x.done(t, s, started(t, s, x.private(1)).Plan.ID, plan.Done)
		updates(t, 1, 2)
	})
	t.Run("the answer is lost", func(t *testing.T) {
		s := x.hooked(&hooks{begin: func(try int, ask func() (string, error)) (string, error) {
			id, err := ask()
			if try == 1 && err == nil {
				return "", fmt.Errorf("no answer within the time limit: %w", fault.ErrUnavailable)
			}
			return id, err
		}})
		x.done(t, s, started(t, s, x.private(2)).Plan.ID, plan.Done)
		updates(t, 2, 2)
	})
	t.Run("the second update fails, and the first is taken back", func(t *testing.T) {
		s := x.hooked(&hooks{begin: func(try int, ask func() (string, error)) (string, error) {
			if try == 2 {
				x.cluster(3).Failing = []string{"the subnets have no free addresses"}
			}
			return ask()
		}})
		r := x.done(t, s, started(t, s, x.private(3)).Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "no free addresses") || x.cluster(3).Public != true || !x.cluster(3).Private {
			t.Errorf("problem %q, cluster %+v", r.Problem, plan.Endpoint{Public: x.cluster(3).Public, Private: x.cluster(3).Private})
		}
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Reverted)
		if !x.cluster(3).Public || x.cluster(3).Private {
			t.Error("the first action was not taken back")
		}
	})
	t.Run("denied", func(t *testing.T) {
		s := x.hooked(&hooks{begin: onlyFirst(fmt.Errorf("eks:UpdateClusterConfig: %w", fault.ErrDenied))})
		r := x.done(t, s, started(t, s, x.private(4)).Plan.ID, plan.Paused)
		if !strings.Contains(r.Problem, "eks:UpdateClusterConfig") || !strings.Contains(r.Problem, "eksposure permissions remediation-policy") || !r.Steps[0].Begun.IsZero() {
			t.Errorf("problem %q, step %+v", r.Problem, r.Steps[0])
		}
		updates(t, 4, 0)
		if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil { // the role was mended
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Done)
		updates(t, 4, 2)
	})
	t.Run("cancelled while EKS works on it", func(t *testing.T) {
		id := started(t, plain, x.private(13)).Plan.ID
		if r, err := plain.Advance(t.Context(), id); err != nil || r.Steps[0].Update == "" {
			t.Fatalf("%+v, %v", r.Steps, err)
		}
		if _, err := plain.Pause(t.Context(), id, bob); err != nil {
			t.Fatal(err)
		}
		if _, err := plain.Cancel(t.Context(), id, bob); !isConflict(err) || !strings.Contains(err.Error(), "Switch the private endpoint on") {
			t.Errorf("cancelled: %v", err)
		}
		if _, err := plain.Start(t.Context(), id, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, plain, id, plan.Done)
	})
	t.Run("something moved after the approval", func(t *testing.T) {
		r := approved(t, plain, x.private(5))
		moved := plan.Action{Kind: plan.EndpointAccess, To: plan.Setting{Endpoint: &plan.Endpoint{Public: true, CIDRs: []string{"198.51.100.0/24"}}}}
		if _, err := x.parts.Actor.Begin(t.Context(), moved, x.ref(5), "somebody else"); err != nil {
			t.Fatal(err)
		}
		if _, err := plain.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "something moved") || !strings.Contains(r.Problem, "0.0.0.0/0") || !strings.Contains(r.Problem, "198.51.100.0/24") {
			t.Errorf("problem %q", r.Problem)
		}
		updates(t, 5, 1) // somebody else's
		if _, err := plain.Revert(t.Context(), r.Plan.ID, bob); !isConflict(err) {
			t.Errorf("revert of nothing: %v", err)
		}
	})
	t.Run("another update is under way", func(t *testing.T) {
		busy := 3
		s := x.hooked(&hooks{describe: func(s *inventory.Snapshot) {
			if busy--; busy >= 0 {
				s.Cluster.Updates = append(s.Cluster.Updates, inventory.Update{ID: "theirs", Type: "VersionUpdate", Status: "InProgress"})
			}
		}})
		r := started(t, s, x.private(6))
		r, err := s.Advance(t.Context(), r.Plan.ID)
		if err != nil || !strings.Contains(r.Problem, "theirs") || !r.Steps[0].Begun.IsZero() || r.Look.IsZero() {
			t.Errorf("%+v, %v", r, err)
		}
		x.done(t, s, r.Plan.ID, plan.Done)
		updates(t, 6, 2)
	})
	t.Run("paused and resumed", func(t *testing.T) {
		r := started(t, plain, x.private(7))
		if _, err := plain.Advance(t.Context(), r.Plan.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := plain.Pause(t.Context(), r.Plan.ID, ann); err != nil {
			t.Fatal(err)
		}
		x.done(t, plain, r.Plan.ID, plan.Paused)
		updates(t, 7, 1)
		if _, err := plain.Start(t.Context(), r.Plan.ID, ann); err != nil {
			t.Fatal(err)
		}
		x.done(t, plain, r.Plan.ID, plan.Done)
		updates(t, 7, 2)
	})
	t.Run("paused while EKS was asked, and taken back", func(t *testing.T) {
		var id string
		s := x.hooked(&hooks{begin: func(try int, ask func() (string, error)) (string, error) {
			if try == 1 {
				if _, err := plain.Pause(t.Context(), id, ann); err != nil {
					t.Fatal(err)
				}
			}
			return ask()
		}})
		id = started(t, s, x.private(8)).Plan.ID
		r := x.done(t, s, id, plan.Paused)
		if r.Steps[0].Update == "" {
			t.Error("the update that EKS works on was forgotten")
		}
		if _, err := s.Revert(t.Context(), id, ann); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, id, plan.Reverted)
		if x.cluster(8).Private {
			t.Error("it was not taken back")
		}
	})
	t.Run("the scan cannot tell, and then can", func(t *testing.T) {
		unclear := 2
		s := x.hooked(&hooks{rescan: func(o *exposure.Outcome, err error) (*exposure.Outcome, error) {
			if err != nil {
				return o, err
			}
			switch unclear--; unclear {
			case 1:
				return nil, fmt.Errorf("the API is away: %w", fault.ErrUnavailable)
			case 0:
				blind := *o
				blind.Finding = &exposure.Finding{
					Status: exposure.StatusNew, Activity: exposure.Update,
					Traits: []exposure.TraitState{{ID: "internet-reachable", Standing: exposure.Contributing, Stale: true, Unknowns: []string{"not read"}}},
				}
				return &blind, nil
			}
			return o, nil
		}})
		r := started(t, s, x.private(9))
		var problems []string
		for range maxAdvances {
			x.estate.Finish()
			var err error
			if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
				t.Fatal(err)
			}
			problems = append(problems, r.Problem)
			if !r.State.Working() {
				break
			}
		}
		said := strings.Join(problems, "\n")
		if r.State != plan.Done || !strings.Contains(said, "the API is away") || !strings.Contains(said, "could not tell") {
			t.Errorf("plan is %s; it said:\n%s", r.State, said)
		}
	})
	t.Run("the plan was written over after its approval", func(t *testing.T) {
		r := started(t, plain, x.private(10))
		document, err := x.parts.Documents.Plan(t.Context(), "plan", r.Plan.ID)
		if err != nil {
			t.Fatal(err)
		}
		other := strings.Replace(string(document), "Switch the public endpoint off", "Switch nothing off", 1)
		if err := x.parts.Documents.ReplacePlan(t.Context(), plan.Record{Kind: "plan", ID: r.Plan.ID, State: r.State, Cluster: r.Plan.Cluster, Document: []byte(other)}, document); err != nil {
			t.Fatal(err)
		}
		x.done(t, plain, r.Plan.ID, plan.Stopped)
		updates(t, 10, 0)
	})
	t.Run("a window closes between two actions", func(t *testing.T) {
		now := x.clock().UTC()
		window := func(from, to time.Duration) string {
			return now.Add(from).Format("15:04") + "-" + now.Add(to).Format("15:04")
		}
		c := x.parts
		var err error
		if c.Calendar, err = plan.ParseCalendar([]string{window(2*time.Hour, 3*time.Hour)}, nil); err != nil {
			t.Fatal(err)
		}
		s := remediation.New(c)
		r := started(t, s, x.private(12))
		if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil || !r.Steps[0].Begun.IsZero() || !strings.Contains(r.Problem, "window") || r.Look.Sub(now) < time.Hour {
			t.Errorf("outside the window: %+v, %v", r, err)
		}
		updates(t, 12, 0)
		x.later(2*time.Hour + 30*time.Minute)
		if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil || r.Steps[0].Update == "" {
			t.Errorf("inside the window: %+v, %v", r, err)
		}
		x.later(2 * time.Hour)
		x.estate.Finish()
		for range 3 { // the first action holds, and the second does not begin
			if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
				t.Fatal(err)
			}
		}
		if r.State != plan.Applying || r.Steps[0].Held.IsZero() || !r.Steps[1].Begun.IsZero() {
			t.Errorf("the window is closed: %+v", r)
		}
		if _, err := s.Pause(t.Context(), r.Plan.ID, ann); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Revert(t.Context(), r.Plan.ID, ann); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Reverted) // needs no window
	})
	t.Run("the cluster is gone", func(t *testing.T) {
		r := started(t, plain, x.private(11))
		x.cluster(11).Name = "renamed"
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "No cluster found") {
			t.Errorf("problem %q", r.Problem)
		}
	})
}

// Who may do what, and when.
func TestPlansAreGuarded(t *testing.T) {
	t.Parallel()
	x := newSite(t, 3, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	t.Run("two approvers at once", func(t *testing.T) {
		r, err := s.Draft(t.Context(), x.private(0), ann)
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 2)
		var group sync.WaitGroup
		for i, by := range []access.Principal{ann, bob} {
			group.Go(func() { _, errs[i] = s.Approve(t.Context(), r.Plan.ID, r.Hash, by, r.Plan.Demands()) })
		}
		group.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !isConflict(errors.Join(errs...)) {
			t.Errorf("%v, %v: want one that wins", errs[0], errs[1])
		}
	})
	t.Run("four eyes", func(t *testing.T) {
		c := x.parts
		c.FourEyes = true
		s := remediation.New(c)
		r, err := s.Draft(t.Context(), x.private(1), ann)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, ann, r.Plan.Demands()); !errors.Is(err, fault.ErrDenied) || !fault.IsLocal(err) {
			t.Errorf("the author approves: %v", err)
		}
		if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands()); err != nil {
			t.Errorf("another approves: %v", err)
		}
	})
	t.Run("another process is at it", func(t *testing.T) {
		r := started(t, s, x.private(2))
		if ok, err := x.parts.Leases.Claim(t.Context(), "plan", r.Plan.ID, "somebody", x.clock().Add(time.Hour)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if _, err := s.Advance(t.Context(), r.Plan.ID); !isConflict(err) {
			t.Errorf("%v, want fault.ErrConflict", err)
		}
		x.later(2 * time.Hour)
		x.done(t, s, r.Plan.ID, plan.Done)
	})
	t.Run("no role", func(t *testing.T) {
		c := x.parts
		c.Actor = nil
		s := remediation.New(c)
		r := approved(t, s, x.private(1))
		if _, err := s.Start(t.Context(), r.Plan.ID, bob); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "remediation.role") {
			t.Errorf("%v", err)
		}
	})
	for name, q := range map[string]remediation.Request{
		"no such topic":       {Cluster: x.ref(1).Name, Trait: "high-priority-vulnerability", Option: "x"},
		"no such option":      {Cluster: x.ref(1).Name, Trait: "internet-reachable", Option: "x"},
		"nothing to remedy":   {Cluster: x.ref(1).Name, Trait: "potentially-internet-reachable", Option: "private"},
		"still open":          {Cluster: x.ref(1).Name, Trait: "internet-reachable", Option: "public", CIDRs: []string{"1.0.0.0/8"}},
		"a key for endpoints": {Cluster: x.ref(1).Name, Trait: "internet-reachable", Option: "private", KeyARN: x.key},
		"no key":              {Cluster: x.ref(1).Name, Trait: "unencrypted-kubernetes-secrets", Option: "associate"},
		"ranges for secrets":  {Cluster: x.ref(1).Name, Trait: "unencrypted-kubernetes-secrets", Option: "associate", KeyARN: x.key, CIDRs: []string{"203.0.113.0/24"}},
		"guidance alone":      {Cluster: x.ref(1).Name, Trait: "unencrypted-kubernetes-secrets", Option: "upgrade", KeyARN: x.key},
		"no prefix list":      {Cluster: x.ref(1).Name, Trait: "internet-reachable", Option: "prefix-list"},
		"a list for ranges":   {Cluster: x.ref(1).Name, Trait: "internet-reachable", Option: "public", PrefixList: "pl-1"},
		"a list for secrets":  {Cluster: x.ref(1).Name, Trait: "unencrypted-kubernetes-secrets", Option: "associate", KeyARN: x.key, PrefixList: "pl-1"},
	} {
		if _, err := s.Draft(t.Context(), q, ann); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: %v, want fault.ErrInvalid", name, err)
		}
	}
}
