package remediation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// Offer is an option that Draft takes, and what it asks for.
type Offer struct {
	Option string `json:"option"`
	// Title is empty where it is that of the trait's option.
	Title string `json:"title,omitempty"`
	Asks  []Ask  `json:"asks,omitempty"`
}

// Ask is a value that an option asks for.
type Ask struct {
	// Name is the API's name of the value in a request for a plan.
	Name  string `json:"name"`
	Title string `json:"title"`
	// Many takes a list, Number a number, and Flag a yes.
	Many     bool `json:"many,omitempty"`
	Number   bool `json:"number,omitempty"`
	Flag     bool `json:"flag,omitempty"`
	Required bool `json:"required,omitempty"`
	// Unless names another value that stands in for a required one.
	Unless string `json:"unless,omitempty"`
}

// NamesClusters reports whether the clusters of a fleet plan about a topic are always
// named one by one.
func NamesClusters(topic string) bool { return topic == exposure.DeleteTopic }

// Offers lists the options of a topic that can be applied; none for a topic that is
// not in Topics.
func Offers(topic string) []Offer {
	ranges := []Ask{
		{Name: "cidrs", Title: "CIDR ranges that stay let in", Many: true, Required: true, Unless: "from_callers"},
		{Name: "from_callers", Title: "Days whose callers stay let in", Number: true},
		{Name: "operator", Title: "Address that your requests come from"},
	}
	upgrade := Offer{Option: optionUpgrade, Asks: []Ask{{Name: "to", Title: "Kubernetes version; the oldest in standard support that lasts for 90 days when left out"}}}
	prefixList := Offer{Option: optionPrefixList, Asks: []Ask{{Name: "prefix_list", Title: "ID of a managed prefix list", Required: true}, ranges[2]}}
	switch topic {
	case traitOpen:
		return []Offer{{Option: "private"}, {Option: "public-and-private", Asks: ranges}, {Option: "public", Asks: ranges}, prefixList}
	case traitNarrow:
		return []Offer{{Option: "private"}, {Option: "narrower", Asks: ranges}, prefixList}
	case traitSecrets:
		return []Offer{{Option: "associate", Asks: []Ask{
			{Name: "key_arn", Title: "ARN of a KMS key", Required: true, Unless: "create_key"},
			{Name: "create_key", Title: "Make a key for the cluster", Flag: true},
			{Name: "rewrite_secrets", Title: "Write existing secrets again", Flag: true},
		}}, upgrade}
	case traitHigh, traitLow, traitSystem:
		return []Offer{{Option: optionNewestTag}, {Option: optionAddon}}
	case traitWorkload:
		return []Offer{{Option: optionLimit, Asks: []Ask{{Name: "cidrs", Title: "CIDR ranges that may connect", Many: true, Required: true}, ranges[2]}}}
	case exposure.DeleteTopic:
		return []Offer{{Option: "delete"}}
	case traitVersion:
		return []Offer{
			upgrade,
			{Option: optionNodes},
			{Option: optionPolicy, Title: titlePolicy, Asks: []Ask{{Name: "to", Title: "STANDARD or EXTENDED", Required: true}}},
		}
	}
	return nil
}

// applies reports whether Draft takes an option of a topic.
func applies(topic, option string) bool {
	return slices.ContainsFunc(Offers(topic), func(o Offer) bool { return o.Option == option })
}

// choose refuses an option, with those that there are: what can be applied, and what has
// written guidance alone.
func choose(q Request, options []exposure.OptionState) error {
	var applied, written []string
	for _, o := range options {
		if applies(q.Trait, o.ID) {
			applied = append(applied, o.ID)
			continue
		}
		written = append(written, o.ID)
	}
	if q.Trait == traitVersion {
		applied = append(applied, optionPolicy)
	}
	guide := fmt.Sprintf("by hand, with `eksposure traits explain %s`: %s", q.Trait, strings.Join(written, ", "))
	switch {
	case slices.Contains(written, q.Option) && len(applied) == 0:
		return fmt.Errorf("option %q of topic %q is done by hand, with `eksposure traits explain %s`; eksposure applies no option of it to this cluster: %w", q.Option, q.Trait, q.Trait, fault.ErrInvalid)
	case slices.Contains(written, q.Option):
		return fmt.Errorf("option %q of topic %q is done by hand, with `eksposure traits explain %s`; those that eksposure applies: %s: %w", q.Option, q.Trait, q.Trait, strings.Join(applied, ", "), fault.ErrInvalid)
	case len(applied) == 0:
		return fmt.Errorf("option %q of topic %q: eksposure applies no option of it to this cluster; %s: %w", q.Option, q.Trait, guide, fault.ErrInvalid)
	case len(written) == 0:
		return fmt.Errorf("option %q of topic %q: want one of %s: %w", q.Option, q.Trait, strings.Join(applied, ", "), fault.ErrInvalid)
	}
	return fmt.Errorf("option %q of topic %q: want one of %s; %s: %w", q.Option, q.Trait, strings.Join(applied, ", "), guide, fault.ErrInvalid)
}
