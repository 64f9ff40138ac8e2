package native

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/remediation"
)

func (s *service) traitOperations() []operation {
	return []operation{
		{
			name: "ListTraits", method: http.MethodGet, path: "/traits", action: access.Read, group: "traits",
			summary: "List everything that eksposure can find.", answer: Traits{}, handle: s.listTraits,
		},
		{
			name: "GetTrait", method: http.MethodGet, path: "/traits/{id}", action: access.Read, group: "traits",
			summary: "Get one trait with its page.",
			params:  []param{{name: "id", inPath: true, doc: "ID of the trait.", shape: `^[a-z]+(-[a-z]+)*$`}}, answer: TraitPage{}, handle: s.trait,
		},
		{
			name: "GetTopicGuidance", method: http.MethodGet, path: "/findings/{id}/topics/{topic}/guidance", action: access.Read, group: "findings",
			summary: "Get how a topic of a finding is remedied, in one form or in all: commands, infrastructure code, manifests, filled with the cluster's names.",
			params: append(ofFinding(),
				param{name: "topic", inPath: true, doc: "ID of the topic.", shape: `^[a-z]+(-[a-z]+)*$`},
				param{name: "form", doc: "Only this form: aws-cli, eksctl, terraform, cloudformation, cdk, python, kubectl, kustomize or helm.", shape: `^[a-z]+(-[a-z]+)*$`}),
			answer: TopicGuidance{}, handle: s.topicGuidance,
		},
		{
			name: "ListFindingTopics", method: http.MethodGet, path: "/findings/{id}/topics", action: access.Read, group: "findings",
			summary: "Get the remediation topics of a finding, written out for its cluster, in recommended order.",
			params:  ofFinding(), answer: Topics{}, handle: s.topics,
		},
	}
}

// Traits lists what can be found.
type Traits struct {
	Items []Trait `json:"items" doc:"The traits, in the order in which they are shown."`
}

// Trait is one thing that can be found.
type Trait struct {
	ID     string              `json:"id" doc:"Stable name."`
	Type   exposure.Type       `json:"type" doc:"Kind of deviation, in Security Hub's words."`
	Title  string              `json:"title" doc:"AWS's heading for it."`
	Short  string              `json:"short" doc:"A few words."`
	Effort exposure.Effort     `json:"effort" doc:"How much work the remedy usually is."`
	Needs  []inventory.Section `json:"needs" doc:"Parts of the snapshot without which there is no answer."`
}

// TraitPage is a trait with what is written about it, in Markdown.
type TraitPage struct {
	Trait

	Meaning    string               `json:"meaning" doc:"What it means, in Markdown."`
	Detection  string               `json:"detection" doc:"How it is detected, in Markdown."`
	Topic      exposure.Topic       `json:"topic" doc:"The remediation topic, with placeholders for what only a finding knows."`
	References []exposure.Reference `json:"references" doc:"Sources."`
}

func traitOf(t exposure.Trait) Trait {
	return Trait{ID: t.ID, Type: t.Type, Title: t.Title, Short: t.Short, Effort: t.Effort, Needs: append([]inventory.Section{}, t.Needs...)}
}

func (s *service) listTraits(context.Context, *request) (any, error) {
	out := Traits{Items: []Trait{}}
	for _, t := range s.cfg.Traits {
		out.Items = append(out.Items, traitOf(t))
	}
	return out, nil
}

func (s *service) trait(_ context.Context, q *request) (any, error) {
	for _, t := range s.cfg.Traits {
		if t.ID != q.text("id") {
			continue
		}
		p, ok := s.cfg.Page(t.ID)
		if !ok {
			break
		}
		topic, err := p.Guide(t.ID, exposure.ExampleTopicData())
		if err != nil {
			return nil, err
		}
		return TraitPage{Trait: traitOf(t), Meaning: p.Meaning, Detection: p.Detection, Topic: topic, References: append([]exposure.Reference{}, p.References...)}, nil
	}
	return nil, fmt.Errorf("no trait %q: %w", bound(q.text("id")), fault.ErrNotFound)
}

// Topics are the remediation topics of a finding.
type Topics struct {
	Items []TopicGuide `json:"items" doc:"The topics, in recommended order."`
}

// TopicGuide is a topic with what it would achieve and how it is done.
type TopicGuide struct {
	exposure.TopicState

	Guide exposure.Topic `json:"guide" doc:"The topic written out for this cluster, in Markdown."`
	// Offers are options of the topic, as the finding has it.
	Offers []remediation.Offer `json:"offers,omitempty" doc:"What eksposure can do about it by itself, with DraftPlan: options, and the values that each asks for."`
}

func (s *service) topics(ctx context.Context, q *request) (any, error) {
	f, err := s.finding(ctx, q)
	if err != nil {
		return nil, err
	}
	out := Topics{Items: []TopicGuide{}}
	for _, t := range f.Topics {
		p, ok := s.cfg.Page(t.ID)
		if !ok {
			continue
		}
		guide, err := p.Guide(t.ID, f.TopicData(t.ID))
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, TopicGuide{TopicState: t, Guide: guide, Offers: s.offers(t)})
	}
	return out, nil
}

// offers gives the options that can be applied and that the finding has, and those
// that are of no finding. A topic without options has one way, which is offered.
func (s *service) offers(t exposure.TopicState) []remediation.Offer {
	return s.titled(t.ID, slices.DeleteFunc(remediation.Offers(t.ID), func(o remediation.Offer) bool {
		return o.Title == "" && len(t.Options) > 0 && !slices.ContainsFunc(t.Options, func(has exposure.OptionState) bool { return has.ID == o.Option })
	}))
}

// titled gives offers of a topic the titles that its trait's options have.
func (s *service) titled(topic string, offers []remediation.Offer) []remediation.Offer {
	options := []exposure.Option{exposure.DeleteOption()}
	for _, t := range s.cfg.Traits {
		if t.ID == topic {
			options = t.Options
		}
	}
	for i, o := range offers {
		for _, has := range options {
			if has.ID == o.Option {
				offers[i].Title = has.Title
			}
		}
	}
	return offers
}
