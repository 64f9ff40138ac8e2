package exposure

import (
	"fmt"
	"strings"
)

// SeverityPage gives the documentation page of the severity arithmetic: the
// weights of every kind of evidence, the bands and the whole grid. A golden test
// keeps the page in docs/ true to the code.
func SeverityPage() string {
	var b strings.Builder
	b.WriteString(severityIntro)
	b.WriteString("## What each piece of evidence weighs\n\n")
	b.WriteString("| trait | evidence | awareness | ease of discovery | ease of exploit | likelihood of exploit |\n|---|---|---|---|---|---|\n")
	for _, w := range weightRows() {
		f, why := weigh(w.trait, w.evidence)
		if w.reached {
			f.EaseOfExploit, why[2] = MaxFactor, "the internet reaches the vulnerable workload"
		}
		fmt.Fprintf(&b, "| `%s` | %s |", w.trait, w.name)
		for i, v := range []int{f.Awareness, f.EaseOfDiscovery, f.EaseOfExploit, f.LikelihoodOfExploit} {
			fmt.Fprintf(&b, " %s |", strings.TrimSuffix(fmt.Sprintf("%d: %s", v, why[i]), ": "))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## From the sum to the severity\n\n| sum of factors | likelihood | impact Low | impact Medium or Unknown | impact High |\n|---|---|---|---|---|\n")
	for sum := range 4*MaxFactor + 1 {
		l := LikelihoodOf(sum)
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", sum, l, Matrix(l, ImpactLow), Matrix(l, ImpactUnknown), Matrix(l, ImpactHigh))
	}
	return b.String()
}

const severityIntro = `# Severity

Severity is likelihood × impact, by the risk matrix that AWS publishes for Security Hub exposure findings. AWS publishes the factors and the
matrix, not the weights and cut-offs; those below are eksposure's, and every finding shows its own arithmetic.

- **Likelihood** is the sum of four factors, each 0 to 3. Each factor is the highest value that any contributing evidence gives it. So adding a
  contributing trait never lowers a severity, and removing one never raises it; both hold for every input and are tested as properties.
- **Impact** is what the reachable identities may do. Effective permissions are not analysed yet, so impact is *Unknown*, and the severity is the
  likelihood alone, as AWS does it.
- Evidence that is contextual or unknown does not count. Evidence that is stale (known from an earlier snapshot, not readable now) does.
- A high-priority vulnerability is easier to exploit (3 instead of 2) when an internet-facing load balancer, ingress or node port leads to a
  workload that runs the vulnerable image.

`

type weightRow struct {
	trait, name string
	evidence    Evidence
	reached     bool
}

// weightRows has one row per answer that weigh can give.
func weightRows() []weightRow {
	image := func(kev, exploits, unknown int, epss float64) Evidence {
		im := &ImageEvidence{KEV: kev, Exploits: exploits, UnknownEPSS: unknown}
		if epss > 0 {
			im.MaxEPSS = &epss
		}
		return Evidence{Image: im}
	}
	return []weightRow{
		{trait: internetReachable, name: "public endpoint open"},
		{trait: potentiallyInternetReachable, name: "public endpoint narrowed"},
		{trait: reachableWorkload, name: "load balancer, ingress or node port leads to a running pod"},
		{trait: unsupportedVersion, name: "control plane past extended support", evidence: Evidence{Variant: VariantUnsupported}},
		{trait: unsupportedVersion, name: "control plane in extended support", evidence: Evidence{Variant: VariantExtendedSupport}},
		{trait: unsupportedVersion, name: "nodes past extended support", evidence: Evidence{Variant: VariantNodesUnsupported}},
		{trait: unsupportedVersion, name: "nodes in extended support, or behind the control plane", evidence: Evidence{Variant: VariantNodesBehind}},
		{trait: unencryptedSecrets, name: "no envelope encryption, or key required by policy"},
		{trait: unencryptedSecrets, name: "the customer key is disabled, pending deletion or gone", evidence: Evidence{Variant: VariantKeyUnusable}},
		{trait: highPriority, name: "in KEV", evidence: image(1, 0, 0, 0)},
		{trait: highPriority, name: "public exploit known", evidence: image(0, 1, 0, 0)},
		{trait: highPriority, name: "EPSS 0.5 or more", evidence: image(0, 0, 0, epssVeryLikely)},
		{trait: highPriority, name: "EPSS below 0.5", evidence: image(0, 0, 0, epssNotable)},
		{trait: highPriority, name: "any of these (here: EPSS below 0.5), workload reached from the internet", evidence: image(0, 0, 0, epssNotable), reached: true},
		{trait: lowPriority, name: "in KEV", evidence: image(1, 0, 0, 0)},
		{trait: lowPriority, name: "public exploit known", evidence: image(0, 1, 0, 0)},
		{trait: lowPriority, name: "EPSS 0.5 or more", evidence: image(0, 0, 0, epssVeryLikely)},
		{trait: lowPriority, name: "EPSS 0.1 to 0.5", evidence: image(0, 0, 0, epssNotable)},
		{trait: lowPriority, name: "a vulnerability with no EPSS score yet", evidence: image(0, 0, 1, 0)},
		{trait: lowPriority, name: "all other", evidence: image(0, 0, 0, 0)},
		{trait: endOfLifeOS, name: "operating system release past its end of life"},
	}
}
