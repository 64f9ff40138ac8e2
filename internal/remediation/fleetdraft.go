package remediation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// DraftTime is what the draft of one cluster's plan may take. A plan about images needs it:
// up to a hundred of them are pulled and matched.
const DraftTime = 15 * time.Minute

// Drafting is a fleet plan that this process drafts now. It is in no store: when the
// process ends, so does the draft.
type Drafting struct {
	ID     string `json:"id"`
	Trait  string `json:"trait"`
	Option string `json:"option"`
	// Author is the stable ID of who asked for it, AuthorName is for people.
	Author     string    `json:"author"`
	AuthorName string    `json:"author_name,omitempty"`
	Begun      time.Time `json:"begun_at"`
	// Done of All clusters were looked at, and Cluster is being looked at.
	Done    int                  `json:"done"`
	All     int                  `json:"all"`
	Cluster inventory.ClusterRef `json:"cluster"`
	// Clusters are all of them.
	Clusters []inventory.ClusterRef `json:"-"`
}

// drafts are the fleet plans that a process drafts now.
type drafts struct {
	mu  sync.Mutex
	now map[string]Drafting
}

func (d *drafts) put(one Drafting) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil {
		d.now = map[string]Drafting{}
	}
	d.now[one.ID] = one
}

func (d *drafts) drop(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.now, id)
}

// Drafting gives the fleet plans that this process drafts now, the newest first.
func (s *Service) Drafting() []Drafting {
	s.drafts.mu.Lock()
	defer s.drafts.mu.Unlock()
	var list []Drafting
	for _, one := range s.drafts.now {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Drafting) int { return cmp.Or(b.Begun.Compare(a.Begun), strings.Compare(a.ID, b.ID)) })
	return list
}

// DraftFleet drafts a plan for each cluster that has the topic, each in DraftTime. A
// cluster that cannot be planned, or whose plan has a failed check, is left out, and it is
// said why; when none is left, or a canary that was named would be, it is
// fault.ErrConflict. seen is told before each cluster.
func (s *Service) DraftFleet(ctx context.Context, q FleetRequest, by access.Principal, seen func(Drafting)) (Fleet, error) {
	if q.Batch < 1 {
		return Fleet{}, fmt.Errorf("a wave of %d clusters: want 1 or more: %w", q.Batch, fault.ErrInvalid)
	}
	found, err := s.candidates(ctx, q)
	if err != nil {
		return Fleet{}, err
	}
	f := Fleet{
		ID: strings.ToLower(token()[:idLength]), Trait: q.Request.Trait, Option: q.Request.Option, Author: by.ID, AuthorName: by.Name, Drafted: s.now(), State: plan.Drafted,
		Goal: q.Goal,
	}
	d := Drafting{ID: f.ID, Trait: f.Trait, Option: f.Option, Author: f.Author, AuthorName: f.AuthorName, Begun: f.Drafted, All: len(found)}
	for _, one := range found {
		d.Clusters = append(d.Clusters, one.Cluster.Ref)
	}
	defer s.drafts.drop(f.ID)
	var members []Member
	for i, ref := range d.Clusters {
		d.Done, d.Cluster = i, ref
		s.drafts.put(d)
		seen(d)
		r, err := s.draftMember(ctx, q.Request, f.ID, ref, by)
		switch {
		case ctx.Err() != nil:
			return f, errors.Join(ctx.Err(), s.dismiss(context.WithoutCancel(ctx), members, by))
		case err != nil && q.canary(ref):
			err = fmt.Errorf("canary %q cannot be planned: %s; name another: %w", ref.Name, fault.Message(err), fault.ErrConflict)
			return f, errors.Join(err, s.dismiss(ctx, members, by))
		case err != nil:
			f.Omitted = append(f.Omitted, Omission{ref, fault.Message(err)})
		default:
			members = append(members, Member{r.Plan.ID, r.Hash, ref})
			_, f.Title, _ = strings.Cut(r.Plan.Title, ": ") // behind the cluster's name
		}
	}
	if len(members) == 0 {
		return f, fmt.Errorf("none of %d clusters can be planned; the first: %s: %w", len(found), f.Omitted[0].Reason, fault.ErrConflict)
	}
	f.Waves = waves(members, q)
	clusters := "clusters"
	if len(members) == 1 {
		clusters = "cluster"
	}
	f.Title = fmt.Sprintf("%s in %d %s", f.Title, len(members), clusters)
	f.Hash = f.hash()
	if err := add(ctx, s.cfg.Documents, &f); err != nil {
		return f, err
	}
	return f, s.auditFleet(ctx, by, "plan fleet", f, "")
}

// draftMember drafts the plan of one cluster. One with failed checks is cancelled, and is
// fault.ErrConflict.
func (s *Service) draftMember(ctx context.Context, asked Request, fleet string, ref inventory.ClusterRef, by access.Principal) (Run, error) {
	asked.Cluster, asked.fleet = ref.String(), fleet
	limited, cancel := context.WithTimeout(ctx, DraftTime)
	defer cancel()
	r, err := s.Draft(limited, asked, by)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return r, fmt.Errorf("its plan was not drafted in %s; draft one for it alone: %w", DraftTime, fault.ErrUnavailable)
	}
	if err != nil {
		return r, err
	}
	failed := r.Plan.With(plan.Failed)
	if len(failed) == 0 {
		return r, nil
	}
	if _, err := s.Cancel(ctx, r.Plan.ID, by); err != nil {
		return r, err
	}
	return r, fmt.Errorf("plan %s has failed checks: %s: %w", r.Plan.ID, strings.Join(failed, ", "), fault.ErrConflict)
}

// dismiss cancels plans whose fleet plan does not come about.
func (s *Service) dismiss(ctx context.Context, members []Member, by access.Principal) error {
	var problems []error
	for _, m := range members {
		_, err := s.Cancel(ctx, m.Plan, by)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
