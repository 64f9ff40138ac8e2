package securityhub

import (
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/search"
)

type guidanceDocument struct {
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
	Parameters          []guidanceParameter `json:"Parameters"`
	Steps               []guidanceStep      `json:"Steps"`
	ExpectedEndState    string              `json:"ExpectedEndState"`
	RequiredPermissions []string            `json:"RequiredPermissions"`
}

type guidanceStep struct {
	Phase       string `json:"Phase"`
	Description string `json:"Description"`
	Service     string `json:"Service"`
	Action      string `json:"Action"`
	Logic       string `json:"Logic,omitempty"`
	Inverse     string `json:"Inverse,omitempty"`
	VerifyAfter string `json:"VerifyAfter,omitempty"`
}

// guidanceExamples has no member for what was not asked for, or cannot be done so.
type guidanceExamples struct {
	AwsCli         string `json:"AwsCli,omitempty"`
	Cli            string `json:"Cli,omitempty"`
	Python         string `json:"Python,omitempty"`
	Terraform      string `json:"Terraform,omitempty"`
	Cdk            string `json:"Cdk,omitempty"`
	CloudFormation string `json:"CloudFormation,omitempty"`
	IaC            string `json:"IaC,omitempty"`
	Template       string `json:"Template,omitempty"`
}

// guidanceParameter is a placeholder <NAME> in the examples.
type guidanceParameter struct {
	Name        string `json:"Name"`
	Type        string `json:"Type"`
	Description string `json:"Description"`
	Required    bool   `json:"Required"`
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

func guidanceOf(t search.TargetTotal, g *hub.Guidance, by *applied, format string) *guidanceDocument {
	remedy := remedyOf(g)
	out := &guidanceDocument{
		TargetTypeName: t.Resource.Type, Pattern: t.Trait,
		Context: guidanceContext{ProblemStatement: g.Meaning, RiskAssessment: g.Risk, AffectedScope: scopeOf(t), Prerequisites: notNil(prerequisites(g))},
		Specification: guidanceSpecification{
			Steps: notNil(by.steps()), RequiredPermissions: notNil(g.Permissions[:min(len(g.Permissions), maxSteps)]),
			ExpectedEndState: "The next scan does not see the trait \"" + t.Title + "\" on " + t.Resource.UID + ".",
		},
		Metadata: guidanceMetadata{
			ResourceType: t.Resource.Type, ExposureType: t.Type, TraitTitles: []string{t.Title}, Reversibility: remedy.Describe(),
			FixEffect: remedy.Effect(), RiskLevel: string(remedy.Risk), AutomationLevel: by.level(), HumanReviewRequired: true,
		},
	}
	back := slices.IndexFunc(g.Steps, func(s hub.Step) bool { return s.Back })
	for i, step := range g.Steps[:min(len(g.Steps), maxSteps-len(out.Specification.Steps))] {
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
	out.Examples = examplesOf(g, format)
	if format == "" || format == "All" || format == "Cli" {
		out.Examples.Cli = strings.TrimSpace(by.code() + "\n\n" + out.Examples.Cli)
	}
	out.Specification.Parameters = parametersOf(g, by.asks)
	return out
}

// remedyOf tells what the remedy is like; nothing is known of a target without options.
func remedyOf(g *hub.Guidance) exposure.Remedy {
	if g.Option == nil {
		return exposure.Remedy{Reversibility: "Not known", Risk: exposure.RiskMedium}
	}
	return g.Option.Remedy
}

// examplesOf fills the member of each format, or of the one that is asked for. Cli is
// every other program's commands, IaC every other program's configuration, Template
// what CloudFormation takes.
func examplesOf(g *hub.Guidance, format string) guidanceExamples {
	var x guidanceExamples
	for name, member := range map[string]struct {
		text  *string
		forms []guidance.Form
	}{
		"AwsCli":         {&x.AwsCli, []guidance.Form{guidance.AWSCLI}},
		"Cli":            {&x.Cli, []guidance.Form{guidance.Eksctl, guidance.Kubectl}},
		"Python":         {&x.Python, []guidance.Form{guidance.Python}},
		"Terraform":      {&x.Terraform, []guidance.Form{guidance.Terraform}},
		"Cdk":            {&x.Cdk, []guidance.Form{guidance.CDK}},
		"CloudFormation": {&x.CloudFormation, []guidance.Form{guidance.CloudFormation}},
		"IaC":            {&x.IaC, []guidance.Form{guidance.Eksctl, guidance.Kustomize, guidance.Helm}},
		"Template":       {&x.Template, []guidance.Form{guidance.CloudFormation}},
	} {
		if format == "" || format == "All" || format == name {
			*member.text = codeOf(g, name != "Cli", member.forms)
		}
	}
	return x
}

// codeOf writes the steps of some forms one below the other, with their texts and notes
// as comments: eksctl's configuration in IaC, its commands in Cli.
func codeOf(g *hub.Guidance, configuration bool, forms []guidance.Form) string {
	if g.Option == nil {
		return ""
	}
	var parts []string
	for _, one := range g.Option.Forms {
		if !slices.Contains(forms, one.Form) || one.Cannot != "" {
			continue
		}
		mark := "# "
		if one.Form == guidance.CDK {
			mark = "// "
		}
		for _, step := range one.Steps {
			if len(forms) > 1 && step.Code != "" && (step.Language != "bash") != configuration {
				continue
			}
			parts = append(parts, strings.TrimSpace(mark+step.Text+"\n"+step.Code))
		}
		for _, note := range one.Notes {
			parts = append(parts, mark+note)
		}
	}
	return strings.Join(parts, "\n\n")
}

// parametersOf lists what a person must choose.
func parametersOf(g *hub.Guidance, more []guidanceParameter) []guidanceParameter {
	list := []guidanceParameter{}
	add := func(p guidanceParameter) {
		if len(list) < maxSteps && !slices.ContainsFunc(list, func(o guidanceParameter) bool { return o.Name == p.Name }) {
			list = append(list, p)
		}
	}
	if g.Option != nil {
		for _, form := range g.Option.Forms {
			for _, a := range form.Asks {
				add(guidanceParameter{a.Name, "String", a.Meaning, true})
			}
		}
	}
	for _, p := range more {
		add(p)
	}
	return list
}

// prerequisites are the programs that the commands call.
func prerequisites(g *hub.Guidance) []string {
	names := map[string]string{"aws": "the AWS CLI", "kubectl": "kubectl with a kubeconfig for the cluster", "eksctl": "eksctl", "docker": "Docker", "helm": "Helm", "python3": "Python 3"}
	var list []string
	for _, program := range g.Programs() {
		if name, ok := names[program]; ok {
			list = append(list, name)
		}
	}
	return list
}
