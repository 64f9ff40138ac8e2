package native

import (
	"context"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
)

// TopicGuidance is how a topic of a finding is remedied.
type TopicGuidance struct {
	Items []OptionGuidance `json:"items" doc:"The options that fit the finding, the best first."`
}

// OptionGuidance is one way to remedy a topic, in every form.
type OptionGuidance struct {
	ID            string          `json:"id" doc:"ID of the option."`
	Title         string          `json:"title" doc:"The option in a few words."`
	Reversibility string          `json:"reversibility" doc:"Fully reversible, Partly reversible, or Irreversible."`
	Limit         string          `json:"limit,omitempty" doc:"What of a partly reversible change comes back, or does not."`
	Risk          exposure.Risk   `json:"risk" doc:"Low, Medium or High."`
	Effect        string          `json:"effect" doc:"Immediate when the exposure ends with the change itself, else Deferred."`
	Source        string          `json:"source" doc:"Address of the page that says so."`
	Forms         []GuidanceInOne `json:"forms" doc:"The option in each form that was asked for."`
}

// GuidanceInOne is an option in one form.
type GuidanceInOne struct {
	Form         guidance.Form         `json:"form" doc:"Name of the form."`
	Title        string                `json:"title" doc:"The form as people write it."`
	Cannot       string                `json:"cannot,omitempty" doc:"Why there are no steps in this form, and what to do instead."`
	Steps        []GuidanceStep        `json:"steps" doc:"The steps, in order."`
	Notes        []string              `json:"notes" doc:"What to know besides."`
	Placeholders []GuidancePlaceholder `json:"placeholders" doc:"What a person must choose: it stands in the code as <NAME>."`
}

// GuidanceStep is one step of an option.
type GuidanceStep struct {
	Text     string `json:"text" doc:"What is done."`
	Code     string `json:"code,omitempty" doc:"How, in the language."`
	Language string `json:"language,omitempty" doc:"bash, hcl, yaml, typescript or python."`
	Back     bool   `json:"back,omitempty" doc:"The step takes the others back."`
}

// GuidancePlaceholder is a value that a person must choose.
type GuidancePlaceholder struct {
	Name    string `json:"name" doc:"Its name, without the angle brackets."`
	Meaning string `json:"meaning" doc:"What to put in its place."`
}

func (s *service) topicGuidance(ctx context.Context, q *request) (any, error) {
	var only guidance.Form
	if name := q.text("form"); name != "" {
		var err error
		if only, err = guidance.ParseForm(name); err != nil {
			return nil, err
		}
	}
	f, err := s.finding(ctx, q)
	if err != nil {
		return nil, err
	}
	options, err := guidance.Write(f, q.text("topic"))
	if err != nil {
		return nil, err
	}
	out := TopicGuidance{Items: []OptionGuidance{}}
	for _, o := range options {
		r := o.Remedy
		item := OptionGuidance{
			ID: o.ID, Title: o.Title, Reversibility: string(r.Reversibility), Limit: r.Limit, Risk: r.Risk, Effect: r.Effect(), Source: r.Source, Forms: []GuidanceInOne{},
		}
		for _, g := range o.Forms {
			if only == "" || g.Form == only {
				item.Forms = append(item.Forms, guideOf(g))
			}
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

func guideOf(g guidance.Guide) GuidanceInOne {
	out := GuidanceInOne{
		Form: g.Form, Title: g.Form.Title(), Cannot: g.Cannot, Steps: []GuidanceStep{}, Notes: append([]string{}, g.Notes...), Placeholders: []GuidancePlaceholder{},
	}
	for _, step := range g.Steps {
		out.Steps = append(out.Steps, GuidanceStep(step))
	}
	for _, a := range g.Asks {
		out.Placeholders = append(out.Placeholders, GuidancePlaceholder(a))
	}
	return out
}
