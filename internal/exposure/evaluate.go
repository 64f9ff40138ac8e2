package exposure

import (
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Verdict is a trait's answer on one snapshot.
type Verdict string

// The verdicts.
const (
	Present        Verdict = "present"
	Absent         Verdict = "absent"
	VerdictUnknown Verdict = "unknown"
)

// Result is a trait's outcome on one snapshot.
type Result struct {
	Trait   string  `json:"trait"`
	Verdict Verdict `json:"verdict"`
	// Standing is Contributing or Contextual when the verdict is present.
	Standing Standing `json:"standing,omitempty"`
	// Evidence is what was seen; also that of standing Unknown.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Unknowns say what could not be decided and why. A present result may have
	// some too: one image unread, another one vulnerable.
	Unknowns []string `json:"unknowns,omitempty"`
}

// Evaluation is the result of every trait on one snapshot.
type Evaluation struct {
	Cluster inventory.ClusterRef `json:"cluster"`
	// At is when the snapshot was collected; facts are judged as of then.
	At      time.Time `json:"at"`
	Policy  Policy    `json:"policy"`
	Results []Result  `json:"results"`
}

// Result returns the result of a trait, or nil.
func (e Evaluation) Result(trait string) *Result {
	for i := range e.Results {
		if e.Results[i].Trait == trait {
			return &e.Results[i]
		}
	}
	return nil
}

// Evaluate asks every trait, in the order given. A needed section that was not
// collected makes the trait unknown, and so does a trait that panics.
func Evaluate(s *inventory.Snapshot, traits []Trait, p Policy) Evaluation {
	e := Evaluation{Cluster: s.Cluster.Ref, At: s.CollectedAt, Policy: p, Results: make([]Result, 0, len(traits))}
	for _, t := range traits {
		e.Results = append(e.Results, evaluateTrait(s, t, p))
	}
	return e
}

func evaluateTrait(s *inventory.Snapshot, t Trait, p Policy) (r Result) {
	r = Result{Trait: t.ID, Verdict: VerdictUnknown}
	for _, section := range t.Needs {
		if g := s.Gap(section); g != nil {
			r.Unknowns = append(r.Unknowns, fmt.Sprintf("%s not read: %s", section, g.Detail))
		}
	}
	if len(r.Unknowns) > 0 {
		return r
	}
	defer func() {
		if v := recover(); v != nil {
			r = Result{Trait: t.ID, Verdict: VerdictUnknown, Unknowns: []string{fmt.Sprintf("trait %s ended with a defect: %v", t.ID, v)}}
		}
	}()
	return judge(t.ID, t.Detect(s, p))
}

// judge: contributing evidence decides; else an unknown part keeps the answer
// open; else contextual evidence makes a contextual trait.
func judge(trait string, evidence []Evidence) Result {
	r := Result{Trait: trait, Verdict: Absent, Evidence: evidence}
	contributing, contextual := false, false
	for _, e := range evidence {
		switch e.Standing {
		case Contributing:
			contributing = true
		case Contextual:
			contextual = true
		case Unknown:
			r.Unknowns = append(r.Unknowns, e.Summary)
		}
	}
	switch {
	case contributing:
		r.Verdict, r.Standing = Present, Contributing
	case len(r.Unknowns) > 0:
		r.Verdict = VerdictUnknown
	case contextual:
		r.Verdict, r.Standing = Present, Contextual
	}
	return r
}
