package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// Guidance is how a target is remedied, written out for one of its findings.
type Guidance struct {
	exposure.Topic

	// Meaning and Risk say what is wrong, and what it does.
	Meaning, Risk string
	// Steps, Commands and Terraform are those of the first option, which is the best.
	Steps     []Step
	Commands  []string
	Terraform []string
	// Permissions are the IAM actions that the commands need.
	Permissions []string
	Change      Change
}

// Step is one step of an option.
type Step struct {
	// Back marks the step that takes the others back.
	Back     bool
	Text     string
	Commands []string
}

// Change is what a remedy is like.
type Change struct {
	Reversibility string
	// Immediate tells that the exposure ends with the change itself, and not with a
	// later deployment.
	Immediate bool
	Risk      string
}

// changeOf tells what the remedy of a trait is like; it says what the traits' pages
// say.
func changeOf(trait string) Change {
	const full = "Fully reversible"
	switch trait {
	case "internet-reachable", "potentially-internet-reachable", "internet-reachable-workload":
		return Change{full, true, "Medium"}
	case "unsupported-kubernetes-version":
		return Change{"Partly reversible: EKS rolls back one minor version within seven days", false, "High"}
	case "unencrypted-kubernetes-secrets":
		return Change{"Irreversible", true, "High"}
	case "high-priority-vulnerability", "low-priority-vulnerability":
		return Change{full, false, "Low"}
	case "end-of-life-operating-system":
		return Change{full, false, "Medium"}
	}
	return Change{"Not known", false, "Medium"}
}

// Guide writes the guidance of a target, for the first of its exposures. A target
// without a page, or whose finding has just changed, has none.
func (s *Service) Guide(ctx context.Context, t search.TargetTotal) (*Guidance, error) {
	page, ok := s.cfg.Page(t.Trait)
	if !ok {
		return nil, nil
	}
	f, err := s.Overrides.Finding(ctx, t.Finding)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data := f.TopicData(t.Trait)
	if t.Resource.UID != t.Cluster.String() {
		data.Evidence = slices.DeleteFunc(slices.Clone(data.Evidence), func(e exposure.Evidence) bool { return e.Resource.UID != t.Resource.UID })
	}
	topic, err := page.Guide(t.Trait, data)
	if err != nil {
		return nil, err
	}
	g := &Guidance{Topic: topic, Meaning: page.Meaning, Risk: risk(f, t), Change: changeOf(t.Trait)}
	if len(topic.Options) > 0 {
		g.read(topic.Options[0].Steps)
	}
	return g, nil
}

func risk(f *exposure.Finding, t search.TargetTotal) string {
	a := f.Arithmetic
	return fmt.Sprintf("Likelihood %s and impact %s make severity %s. Fixing this resolves %d findings, lowers %d, and leaves the severity of %d.",
		a.Likelihood, a.Impact, f.Severity, t.Resolves, t.Reduces, t.Leaves)
}

var (
	stepStart = regexp.MustCompile(`^[0-9]+\. `)
	awsAction = regexp.MustCompile(`^aws ([a-z0-9-]+) ([a-z0-9-]+)`)
	blanks    = regexp.MustCompile(`\n{3,}`)
)

// read takes the numbered steps of an option apart: text, commands and Terraform.
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

// fence keeps a block of code: commands, or else a Terraform fragment.
func (g *Guidance) fence(step *Step, lines []string) {
	code := strings.TrimSpace(strings.Join(lines, "\n"))
	first, _, _ := strings.Cut(code, " ")
	switch first {
	case "aws", "kubectl", "eksctl", "docker", "helm":
	default:
		if strings.Contains(code, "{") && !strings.HasPrefix(code, "{") {
			g.Terraform = append(g.Terraform, code)
		}
		return
	}
	if step != nil {
		step.Commands = append(step.Commands, code)
	}
	g.Commands = append(g.Commands, code)
	for line := range strings.SplitSeq(code, "\n") {
		if m := awsAction.FindStringSubmatch(line); m != nil && m[2] != "wait" {
			g.permit(m[1] + ":" + pascal(m[2]))
		}
	}
}

func (g *Guidance) permit(action string) {
	if !slices.Contains(g.Permissions, action) {
		g.Permissions = append(g.Permissions, action)
	}
}

// pascal turns a command of the AWS CLI into the name of its operation.
func pascal(command string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(command, "-") {
		b.WriteString(strings.ToUpper(part[:min(1, len(part))]) + part[min(1, len(part)):])
	}
	return b.String()
}

// Tool names what a step is done with: a service of AWS, or Kubernetes, or a person.
func (s Step) Tool() (service, action string) {
	for _, code := range s.Commands {
		for line := range strings.SplitSeq(code, "\n") {
			if m := awsAction.FindStringSubmatch(line); m != nil && m[2] != "wait" {
				return strings.ToUpper(m[1]), pascal(m[2])
			}
			if rest, ok := strings.CutPrefix(line, "kubectl "); ok {
				verb, _, _ := strings.Cut(rest, " ")
				return "Kubernetes", cmp.Or(verb, "kubectl")
			}
		}
	}
	return "Manual", "Review"
}
