package securityhub

import (
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/search"
)

type guidance struct {
	TargetTypeName string                `json:"TargetTypeName"`
	Pattern        string                `json:"Pattern"`
	Version        string                `json:"Version"`
	Context        guidanceContext       `json:"Context"`
	Specification  guidanceSpecification `json:"Specification"`
	Examples       guidanceExamples      `json:"Examples"`
	Metadata       guidanceMetadata      `json:"Metadata"`
}

type guidanceContext struct {
	ProblemStatement string   `json:"ProblemStatement"`
	RiskAssessment   string   `json:"RiskAssessment"`
	AffectedScope    string   `json:"AffectedScope"`
	Prerequisites    []string `json:"Prerequisites"`
}

type guidanceSpecification struct {
	Steps               []guidanceStep `json:"Steps"`
	ExpectedEndState    string         `json:"ExpectedEndState"`
	RequiredPermissions []string       `json:"RequiredPermissions"`
}

type guidanceStep struct {
	Phase       string `json:"Phase"`
	Description string `json:"Description"`
	Service     string `json:"Service"`
	Action      string `json:"Action"`
	Logic       string `json:"Logic,omitempty"`
	Inverse     string `json:"Inverse,omitempty"`
}

// guidanceExamples has no member for the formats that no page is written in.
type guidanceExamples struct {
	AwsCli    string `json:"AwsCli,omitempty"`
	Terraform string `json:"Terraform,omitempty"`
	IaC       string `json:"IaC,omitempty"`
}

type guidanceMetadata struct {
	ResourceType        string        `json:"ResourceType"`
	ExposureType        exposure.Type `json:"ExposureType"`
	TraitTitles         []string      `json:"TraitTitles"`
	Reversibility       string        `json:"Reversibility"`
	FixEffect           string        `json:"FixEffect"`
	RiskLevel           string        `json:"RiskLevel"`
	AutomationLevel     string        `json:"AutomationLevel"`
	HumanReviewRequired bool          `json:"HumanReviewRequired"`
	GeneratedAt         timestamp     `json:"GeneratedAt"`
}

func guidanceOf(t search.TargetTotal, g *hub.Guidance, format string, now timestamp, version string) *guidance {
	if version == "" {
		version = "unknown"
	}
	effect := "Deferred"
	if g.Change.Immediate {
		effect = "Immediate"
	}
	out := &guidance{
		TargetTypeName: t.Resource.Type, Pattern: t.Trait, Version: version,
		Context: guidanceContext{ProblemStatement: g.Meaning, RiskAssessment: g.Risk, AffectedScope: scopeOf(t), Prerequisites: notNil(prerequisites(g))},
		Specification: guidanceSpecification{
			Steps: []guidanceStep{}, RequiredPermissions: notNil(g.Permissions[:min(len(g.Permissions), maxSteps)]),
			ExpectedEndState: "The next scan does not see the trait \"" + t.Title + "\" on " + t.Resource.UID + ".",
		},
		Metadata: guidanceMetadata{
			ResourceType: t.Resource.Type, ExposureType: t.Type, TraitTitles: []string{t.Title}, Reversibility: g.Change.Reversibility,
			FixEffect: effect, RiskLevel: g.Change.Risk, AutomationLevel: "None", HumanReviewRequired: true, GeneratedAt: now,
		},
	}
	back := slices.IndexFunc(g.Steps, func(s hub.Step) bool { return s.Back })
	for i, step := range g.Steps[:min(len(g.Steps), maxSteps)] {
		service, action := step.Tool()
		s := guidanceStep{Phase: "FIX", Description: step.Text, Service: service, Action: action, Logic: strings.Join(step.Commands, "\n")}
		if i == back {
			s.Phase = "ROLLBACK"
		}
		if back > 0 && i == back-1 {
			s.Inverse = g.Steps[back].Text
		}
		out.Specification.Steps = append(out.Specification.Steps, s)
	}
	all := format == "" || format == "All"
	if all || format == "AwsCli" {
		out.Examples.AwsCli = strings.Join(g.Commands, "\n\n")
	}
	if all || format == "Terraform" {
		out.Examples.Terraform = strings.Join(g.Terraform, "\n\n")
	}
	if format == "IaC" {
		out.Examples.IaC = strings.Join(g.Terraform, "\n\n")
	}
	return out
}

// prerequisites are the programs that the commands call.
func prerequisites(g *hub.Guidance) []string {
	names := map[string]string{"aws": "the AWS CLI", "kubectl": "kubectl with a kubeconfig for the cluster", "eksctl": "eksctl", "docker": "Docker", "helm": "Helm"}
	var list []string
	for _, code := range g.Commands {
		for line := range strings.SplitSeq(code, "\n") {
			first, _, _ := strings.Cut(line, " ")
			if name, ok := names[first]; ok && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}
