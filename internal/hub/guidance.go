package hub

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/search"
)

// Guidance is how a target is remedied, written out for one of its findings.
type Guidance struct {
	// Meaning and Risk say what is wrong, and what it does.
	Meaning, Risk string
	References    []exposure.Reference
	// Option is the first one, which is the best, in every form; nil when none fits.
	Option *guidance.Option
	// Options are the IDs of the finding's options that fit the target, the best first.
	Options []string
	// Steps and Commands are those of its page.
	Steps    []Step
	Commands []string
	// Permissions are the IAM actions that the commands need.
	Permissions []string
}

// Step is one step of an option.
type Step struct {
	// Back marks the step that takes the others back.
	Back     bool
	Text     string
	Commands []string
}

// Brief tells what a target's remedy is called and what it is like, for the most
// severe of its exposures. A target without a page, or whose finding has just changed,
// has none.
func (s *Service) Brief(ctx context.Context, t search.TargetTotal) (*Guidance, error) {
	g, _, err := s.guide(ctx, t)
	return g, err
}

// Guide is Brief with everything written out: the page, and the best option in every
// form.
func (s *Service) Guide(ctx context.Context, t search.TargetTotal) (*Guidance, error) {
	g, f, err := s.guide(ctx, t, guidance.Forms()...)
	if g == nil {
		return nil, err
	}
	page, _ := s.page(t.Trait)
	data := f.TopicData(t.Trait)
	if at := about(t); at != "" {
		data.Evidence = slices.DeleteFunc(slices.Clone(data.Evidence), func(e exposure.Evidence) bool { return e.Resource.UID != at })
	}
	topic, err := page.Guide(t.Trait, data)
	if err != nil {
		return nil, err
	}
	g.Risk = risk(f, t)
	if len(topic.Options) > 0 {
		i := slices.IndexFunc(topic.Options, func(o exposure.Guidance) bool { return g.Option != nil && o.Title == g.Option.Title })
		g.read(topic.Options[max(i, 0)].Steps)
	}
	return g, nil
}

func (s *Service) guide(ctx context.Context, t search.TargetTotal, forms ...guidance.Form) (*Guidance, *exposure.Finding, error) {
	page, ok := s.page(t.Trait)
	if !ok {
		return nil, nil, nil
	}
	f, err := s.Overrides.Finding(ctx, t.Finding)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	option, err := guidance.Best(f, t.Trait, about(t), forms...)
	if err != nil {
		return nil, nil, err
	}
	g := &Guidance{Meaning: page.Meaning, References: page.References, Option: option}
	fitting := guidance.Fitting(f, t.Trait, about(t))
	for _, topic := range f.Topics {
		if topic.ID != t.Trait {
			continue
		}
		for _, o := range topic.Options {
			if slices.Contains(fitting, o.ID) {
				g.Options = append(g.Options, o.ID)
			}
		}
	}
	return g, f, nil
}

// about is the resource that evidence must be about; empty for the cluster, at which
// all is remedied that no image is.
func about(t search.TargetTotal) string {
	if t.Resource.UID == t.Cluster.String() {
		return ""
	}
	return t.Resource.UID
}

// page keeps the pages that were read: parsing one takes longer than all else.
func (s *Service) page(topic string) (exposure.Page, bool) {
	if p, ok := s.pages.Load(topic); ok {
		page, is := p.(exposure.Page)
		return page, is
	}
	page, ok := s.cfg.Page(topic)
	if ok {
		s.pages.Store(topic, page)
	}
	return page, ok
}

func risk(f *exposure.Finding, t search.TargetTotal) string {
	a := f.Arithmetic
	return fmt.Sprintf("Likelihood %s and impact %s make severity %s. Fixing this resolves %d findings, lowers %d, and leaves the severity of %d.",
		a.Likelihood, a.Impact, f.Severity, t.Resolves, t.Reduces, t.Leaves)
}

var (
	stepStart = regexp.MustCompile(`^[0-9]+\. `)
	blanks    = regexp.MustCompile(`\n{3,}`)
)

// read takes the numbered steps of an option apart: text and commands.
func (g *Guidance) read(markdown string) {
	var step *Step
	var fence []string
	inFence := false
	var text []string
	end := func() {
		if step == nil {
			return
		}
		step.Text = strings.TrimSpace(blanks.ReplaceAllString(strings.Join(text, "\n"), "\n\n"))
		step.Back = strings.HasPrefix(step.Text, "To go back")
		g.Steps = append(g.Steps, *step)
	}
	for line := range strings.SplitSeq(markdown, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "```"):
			if inFence {
				g.fence(step, fence)
				fence = nil
			}
			inFence = !inFence
		case inFence:
			fence = append(fence, strings.TrimPrefix(line, "   "))
		case stepStart.MatchString(line):
			end()
			step, text = &Step{}, []string{stepStart.ReplaceAllString(line, "")}
		default:
			text = append(text, trimmed)
		}
	}
	end()
}

// fence keeps a block of commands.
func (g *Guidance) fence(step *Step, lines []string) {
	code := strings.TrimSpace(strings.Join(lines, "\n"))
	if !called.MatchString(code) {
		return
	}
	if step != nil {
		step.Commands = append(step.Commands, code)
	}
	g.Commands = append(g.Commands, code)
	for line := range strings.SplitSeq(code, "\n") {
		for _, action := range actions(line) {
			if !slices.Contains(g.Permissions, action) {
				g.Permissions = append(g.Permissions, action)
			}
		}
	}
}
