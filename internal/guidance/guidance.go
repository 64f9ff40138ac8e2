// Package guidance writes out how to remedy a topic of a finding, in every form that
// people change clusters with: commands, infrastructure code, manifests.
//
// It takes a finding and the ID of a topic, and gives the options that fit the
// finding, each in all forms, filled with what the finding knows. What only a person
// can choose is a marked placeholder with an explanation; what a form cannot do is
// said instead of written wrongly. It changes nothing and asks nobody.
//
// The texts are in text/, one file for each change, with a section for each form.
package guidance

import (
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/trait"
)

// Form is a way in which people make changes.
type Form string

// The forms.
const (
	AWSCLI         Form = "aws-cli"
	Eksctl         Form = "eksctl"
	Terraform      Form = "terraform"
	CloudFormation Form = "cloudformation"
	CDK            Form = "cdk"
	Python         Form = "python"
	Kubectl        Form = "kubectl"
	Kustomize      Form = "kustomize"
	Helm           Form = "helm"
)

// Forms lists the forms in the order in which they are shown.
func Forms() []Form {
	return []Form{AWSCLI, Eksctl, Terraform, CloudFormation, CDK, Python, Kubectl, Kustomize, Helm}
}

// ParseForm reads the name of a form; any other text is fault.ErrInvalid.
func ParseForm(name string) (Form, error) {
	if f := Form(name); slices.Contains(Forms(), f) {
		return f, nil
	}
	return "", fmt.Errorf("form %q: want one of %v: %w", name, Forms(), fault.ErrInvalid)
}

// Title is the form's name as people write it.
func (f Form) Title() string {
	switch f {
	case AWSCLI:
		return "AWS CLI"
	case Eksctl:
		return "eksctl"
	case Terraform:
		return "Terraform"
	case CloudFormation:
		return "CloudFormation"
	case CDK:
		return "AWS CDK (TypeScript)"
	case Python:
		return "Python (boto3)"
	case Kubectl:
		return "kubectl"
	case Kustomize:
		return "Kustomize"
	case Helm:
		return "Helm values"
	}
	return string(f)
}

// Option is one way to remedy a topic.
type Option struct {
	ID     string
	Title  string
	Remedy exposure.Remedy
	// Forms has every form, in the order of Forms.
	Forms []Guide
}

// Guide is an option in one form.
type Guide struct {
	Form Form
	// Cannot says why there are no steps in this form, and what to do instead.
	Cannot string
	Steps  []Step
	Notes  []string
	// Asks are the placeholders in the steps, which a person fills in.
	Asks []Ask
}

// Step is one step of a guide.
type Step struct {
	Text string
	// Code is in Language: bash, hcl, yaml, typescript, python. Both may be empty.
	Code, Language string
	// Back marks what takes the change back.
	Back bool
}

// Ask is a value that a person must choose: it stands in code as <NAME>.
type Ask struct {
	Name    string
	Meaning string
}

// Write gives the options of a finding's topic that fit it, the best first. A topic
// that the finding does not have is fault.ErrNotFound.
func Write(f *exposure.Finding, topic string) ([]Option, error) {
	i := slices.IndexFunc(f.Topics, func(t exposure.TopicState) bool { return t.ID == topic })
	if i < 0 {
		return nil, fmt.Errorf("finding %q has no topic %q: %w", f.ID, topic, fault.ErrNotFound)
	}
	return write(f, topic, func(o exposure.Option) bool {
		return topic == exposure.DeleteTopic || slices.ContainsFunc(f.Topics[i].Options, func(s exposure.OptionState) bool { return s.ID == o.ID })
	}, nil, Forms()...)
}

// Fitting gives the IDs of a topic's options that fit the evidence about one resource, an empty one
// meaning all, the best first.
func Fitting(f *exposure.Finding, topic, resource string) []string {
	about := func(e exposure.Evidence) bool { return resource == "" || e.Resource.UID == resource }
	var list []string
	for _, o := range optionsOf(topic) {
		if fits(o, f.Trait(topic), about) && !dataOf(f, topic, o.ID, about).idle() {
			list = append(list, o.ID)
		}
	}
	return list
}

// Best gives the best option of a topic for the evidence about one resource, an empty
// one meaning all. Without forms it has none of them written. It is nil when no option
// fits.
func Best(f *exposure.Finding, topic, resource string, forms ...Form) (*Option, error) {
	about := func(e exposure.Evidence) bool { return resource == "" || e.Resource.UID == resource }
	first := true
	list, err := write(f, topic, func(o exposure.Option) bool {
		if !first || !fits(o, f.Trait(topic), about) {
			return false
		}
		first = false
		return true
	}, about, forms...)
	if len(list) == 0 {
		return nil, err
	}
	return &list[0], err
}

// fits reports whether an option is one for what was seen of its trait.
func fits(o exposure.Option, t *exposure.TraitState, about func(exposure.Evidence) bool) bool {
	return len(o.When) == 0 || t != nil && slices.ContainsFunc(t.Evidence, func(e exposure.Evidence) bool {
		return about(e) && e.Standing == exposure.Contributing && slices.Contains(o.When, e.Variant)
	})
}

func write(f *exposure.Finding, topic string, offers func(exposure.Option) bool, about func(exposure.Evidence) bool, forms ...Form) ([]Option, error) {
	var list []Option
	for _, o := range optionsOf(topic) {
		d := dataOf(f, topic, o.ID, about)
		if d.idle() || !offers(o) {
			continue
		}
		out := Option{ID: o.ID, Title: o.Title, Remedy: d.remedy(o)}
		for _, form := range forms {
			g, err := render(change(topic, o.ID), form, d)
			if err != nil {
				return nil, fmt.Errorf("guidance for option %q of %q: %w", o.ID, topic, err)
			}
			out.Forms = append(out.Forms, g)
		}
		list = append(list, out)
	}
	return list, nil
}

func optionsOf(topic string) []exposure.Option {
	if topic == exposure.DeleteTopic {
		return []exposure.Option{exposure.DeleteOption()}
	}
	for _, t := range trait.All() {
		if t.ID == topic {
			return t.Options
		}
	}
	return nil
}

// change names the file of text/ that describes an option: options of several topics
// that make the same change share one.
func change(topic, option string) string {
	switch option {
	case "private", "public-and-private", "public", "narrower":
		return "endpoint"
	case "prefix-list":
		return "prefix-list"
	case "upgrade":
		return "upgrade"
	case "nodes":
		return "nodes"
	case "replace", "new-cluster":
		return "new-cluster"
	case "associate", "key":
		return option
	case "rebuild", "newest-tag", "smaller", "new-base", "no-os":
		return "image"
	case "add-on", "stop", "internal", "limit", "close":
		return option
	}
	return topic // exposure.DeleteTopic
}
