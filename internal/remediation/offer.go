package remediation

import "github.com/eksposure/eksposure/internal/exposure"

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
	upgrade := Offer{Option: optionUpgrade, Asks: []Ask{{Name: "to", Title: "Kubernetes version; the oldest in standard support when left out"}}}
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
