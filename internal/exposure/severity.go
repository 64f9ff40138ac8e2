package exposure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// Severity is how urgent a finding is. Informational exposures are not published.
type Severity string

// The severities, and Resolved for what is left when nothing is.
const (
	Resolved Severity = ""
	Low      Severity = "Low"
	Medium   Severity = "Medium"
	High     Severity = "High"
	Critical Severity = "Critical"
)

// Severities lists the published severities, most severe first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low} }

// Rank orders severities: Resolved is 0, Critical is 4.
func (s Severity) Rank() int {
	switch s {
	case Low:
		return 1
	case Medium:
		return 2
	case High:
		return 3
	case Critical:
		return 4
	case Resolved:
	}
	return 0
}

// ParseSeverity reads a severity's name in any case.
func ParseSeverity(name string) (Severity, error) {
	for _, s := range Severities() {
		if strings.EqualFold(string(s), name) {
			return s, nil
		}
	}
	return "", fmt.Errorf("severity %q: want critical, high, medium or low: %w", name, fault.ErrInvalid)
}

// Likelihood is how likely an exploit is.
type Likelihood string

// The likelihoods of the published risk matrix.
const (
	LikelihoodLow      Likelihood = "Low"
	LikelihoodModerate Likelihood = "Moderate"
	LikelihoodHigh     Likelihood = "High"
	LikelihoodVeryHigh Likelihood = "Very High"
)

// ImpactLevel is the harm that the reachable identities could do.
type ImpactLevel string

// The impact levels of the published risk matrix. Unknown means that effective
// permissions were not analysed; the severity then is the likelihood alone.
const (
	ImpactUnknown ImpactLevel = "Unknown"
	ImpactLow     ImpactLevel = "Low"
	ImpactMedium  ImpactLevel = "Medium"
	ImpactHigh    ImpactLevel = "High"
)

// Factors are the four likelihood factors, each 0 to 3.
type Factors struct {
	Awareness           int `json:"awareness"`
	EaseOfDiscovery     int `json:"ease_of_discovery"`
	EaseOfExploit       int `json:"ease_of_exploit"`
	LikelihoodOfExploit int `json:"likelihood_of_exploit"`
}

// list gives the factors in the order of factorNames.
func (f Factors) list() [factorCount]int {
	return [factorCount]int{f.Awareness, f.EaseOfDiscovery, f.EaseOfExploit, f.LikelihoodOfExploit}
}

// factorsOf gives the values of terms, which are in the order of factorNames.
func factorsOf(terms [factorCount]Term) Factors {
	return Factors{terms[0].Value, terms[1].Value, terms[2].Value, terms[3].Value}
}

// MaxFactor is the highest value of one factor.
const MaxFactor = 3

// Sum adds the four factors: 0 to 12.
func (f Factors) Sum() int {
	return f.Awareness + f.EaseOfDiscovery + f.EaseOfExploit + f.LikelihoodOfExploit
}

// The sums from which on a likelihood holds. They are ours: AWS publishes the
// factors and the matrix, not the cut-offs.
const (
	sumModerate = 5
	sumHigh     = 7
	sumVeryHigh = 10
)

// LikelihoodOf gives the likelihood of a sum of factors.
func LikelihoodOf(sum int) Likelihood {
	switch {
	case sum >= sumVeryHigh:
		return LikelihoodVeryHigh
	case sum >= sumHigh:
		return LikelihoodHigh
	case sum >= sumModerate:
		return LikelihoodModerate
	}
	return LikelihoodLow
}

// Matrix is the published risk matrix: likelihood gives the level, impact High
// raises it by one, Low lowers it by one, within Low and Critical
// (Security Hub User Guide, "Severity of exposure findings").
func Matrix(l Likelihood, i ImpactLevel) Severity {
	level := Low.Rank()
	switch l {
	case LikelihoodLow:
	case LikelihoodModerate:
		level = Medium.Rank()
	case LikelihoodHigh:
		level = High.Rank()
	case LikelihoodVeryHigh:
		level = Critical.Rank()
	}
	switch i {
	case ImpactHigh:
		level++
	case ImpactLow:
		level--
	case ImpactMedium, ImpactUnknown:
	}
	level = min(max(level, Low.Rank()), Critical.Rank())
	return Severities()[Critical.Rank()-level]
}

// Arithmetic is a severity with everything it was computed from.
type Arithmetic struct {
	Severity   Severity    `json:"severity"`
	Likelihood Likelihood  `json:"likelihood"`
	Impact     ImpactLevel `json:"impact"`
	Factors    Factors     `json:"factors"`
	Sum        int         `json:"sum"`
	// Terms say which evidence set which factor, highest first.
	Terms []Term `json:"terms"`
}

// Term is one factor's value with the evidence that set it.
type Term struct {
	Factor string `json:"factor"`
	Value  int    `json:"value"`
	Trait  string `json:"trait,omitempty"`
	Why    string `json:"why"`
}

// String states the arithmetic in one line.
func (a Arithmetic) String() string {
	return fmt.Sprintf("awareness %d + ease of discovery %d + ease of exploit %d + likelihood of exploit %d = %d of 12 → likelihood %s × impact %s → %s",
		a.Factors.Awareness, a.Factors.EaseOfDiscovery, a.Factors.EaseOfExploit, a.Factors.LikelihoodOfExploit, a.Sum, a.Likelihood, a.Impact, a.Severity)
}

// Score computes the severity of a set of contributing traits. Evidence of any
// other standing does not count. With nothing contributing the severity is Resolved.
//
// Adding evidence never lowers the severity and removing some never raises it:
// every factor is the highest value that any evidence gives it.
func Score(traits []TraitState, impact ImpactLevel) Arithmetic {
	return newScorer(traits, impact).score(func(string) bool { return true })
}

// scorer holds the factors of each contributing trait, so that many subsets of
// the traits can be scored without weighing the evidence again.
type scorer struct {
	impact  ImpactLevel
	weights []traitWeight
}

// traitWeight is the highest that one trait's evidence gives each factor.
type traitWeight struct {
	trait string
	terms [factorCount]Term
	// reached replaces the ease of exploit while the trait that leads from the
	// internet to the vulnerable workload is there too.
	reached *Term
}

const factorCount = 4

var factorNames = [factorCount]string{"awareness", "ease of discovery", "ease of exploit", "likelihood of exploit"}

const easeOfExploit = 2 // its place in factorNames

func newScorer(traits []TraitState, impact ImpactLevel) scorer {
	s := scorer{impact: impact}
	for _, t := range traits {
		if w, counts := weighTrait(t, traits); counts {
			s.weights = append(s.weights, w)
		}
	}
	return s
}

func weighTrait(t TraitState, traits []TraitState) (w traitWeight, counts bool) {
	w.trait = t.ID
	if t.Standing != Contributing {
		return w, false
	}
	for _, e := range t.Evidence {
		if e.Standing != Contributing {
			continue
		}
		f, why := weigh(t.ID, e)
		for i, v := range f.list() {
			if !counts || v > w.terms[i].Value {
				w.terms[i] = Term{Factor: factorNames[i], Value: v, Trait: t.ID, Why: why[i]}
			}
		}
		counts = true
		if t.ID != highPriority || w.reached != nil {
			continue
		}
		if reason := reachedFromInternet(e, traits); reason != "" {
			w.reached = &Term{Factor: factorNames[easeOfExploit], Value: MaxFactor, Trait: t.ID, Why: reason}
		}
	}
	return w, counts
}

// score takes the traits that keep says are left.
func (s scorer) score(keep func(trait string) bool) Arithmetic {
	a := Arithmetic{Impact: s.impact}
	var terms [factorCount]Term
	for i, n := range factorNames {
		terms[i] = Term{Factor: n, Why: "no contributing trait speaks for it"}
	}
	left := func(trait string) bool {
		return slices.ContainsFunc(s.weights, func(w traitWeight) bool { return w.trait == trait && keep(trait) })
	}
	counted := false
	for _, w := range s.weights {
		if !keep(w.trait) {
			continue
		}
		counted = true
		for i, t := range w.terms {
			if i == easeOfExploit && w.reached != nil && left(reachableWorkload) {
				t = *w.reached
			}
			if t.Value > terms[i].Value {
				terms[i] = t
			}
		}
	}
	if !counted {
		return a
	}
	a.Factors = factorsOf(terms)
	a.Sum = a.Factors.Sum()
	a.Likelihood = LikelihoodOf(a.Sum)
	a.Severity = Matrix(a.Likelihood, s.impact)
	a.Terms = terms[:]
	return a
}

// reachedFromInternet says how the internet reaches a workload that runs the
// evidence's image, or gives "".
func reachedFromInternet(e Evidence, traits []TraitState) string {
	for _, t := range traits {
		if t.ID != reachableWorkload || t.Standing != Contributing {
			continue
		}
		for _, r := range t.Evidence {
			if r.Standing != Contributing {
				continue
			}
			for _, w := range r.Workloads {
				if slices.Contains(e.Workloads, w) {
					return fmt.Sprintf("%s leads from the internet to %s, which runs the vulnerable image", r.Resource.Name, w)
				}
			}
		}
	}
	return ""
}
