package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Permissions are the rights that scanning and applying plans need, as the adapters know them from
// the calls that they make.
type Permissions struct {
	Actions    []Permission
	ReadPolicy string
	// InspectorPolicy is what the setting images.inspector needs besides.
	InspectorPolicy string
	// UpgradePolicy and UpgradeManifest are what drafting an upgrade reads besides.
	UpgradePolicy   string
	UpgradeManifest string
	// EndpointPolicy is what drafting a change of the endpoint reads besides.
	EndpointPolicy string
	// CallersPolicy is what taking the ranges of an endpoint from who calls reads besides.
	CallersPolicy string
	// Changes are the actions of applying plans, and RemediationPolicy the policy of
	// the role that does.
	Changes           []Permission
	RemediationPolicy string
	// DeletionPolicy is what that role needs besides to delete clusters.
	DeletionPolicy string
	// KeyCreationPolicy is what it needs besides to make KMS keys.
	KeyCreationPolicy string
	// CallerPolicy and TrustPolicy are the two sides of assuming a role.
	CallerPolicy func(Trust) string
	TrustPolicy  func(Trust) string
	// Manifest is the Kubernetes ClusterRole with its binding, and ChangeManifest that
	// of the role that plans are applied with.
	Manifest, ChangeManifest string
	// SecretsManifest is what that role needs besides to have secrets written again.
	SecretsManifest string
}

// Permission is one IAM action.
type Permission struct{ Action, Scope, Why string }

// Trust names the two sides of assuming a role.
type Trust struct{ Partition, CallerARN, RoleName, ExternalID string }

// exampleTrust stands in where the documentation cannot know the names.
func exampleTrust() Trust {
	return Trust{Partition: "aws", CallerARN: "arn:aws:iam::111122223333:role/security-tooling", RoleName: "eksposure-scan"}
}

func (r *runner) permissionsCommand() *cobra.Command {
	return group("permissions", "Print the rights that scanning and applying plans need",
		`Prints IAM policies and Kubernetes RBAC with exactly the rights that are used: they are made from the calls in the code.
Scanning only reads. Plans are applied with a role of its own, whose trust policy is made as that of scanning.`,
		r.permissionsText("read-policy", "IAM policy for the role in every scanned account", "read-policy > read-policy.json", r.Permissions.ReadPolicy),
		r.permissionsText("inspector-policy", "IAM policy that the setting images.inspector needs besides", "inspector-policy > inspector-policy.json", r.Permissions.InspectorPolicy),
		r.permissionsText("upgrade-policy", "IAM policy that drafting an upgrade, or an update of add-ons, needs besides", "upgrade-policy > upgrade-policy.json", r.Permissions.UpgradePolicy),
		r.permissionsText("endpoint-policy", "IAM policy that drafting a change of the endpoint needs besides", "endpoint-policy > endpoint-policy.json", r.Permissions.EndpointPolicy),
		r.permissionsText("callers-policy", "IAM policy that taking the ranges of an endpoint from who calls needs besides", "callers-policy > callers-policy.json", r.Permissions.CallersPolicy),
		r.permissionsText("remediation-policy", "IAM policy of the role that plans are applied with (setting remediation.role)", "remediation-policy > remediation-policy.json", r.Permissions.RemediationPolicy),
		r.permissionsText("deletion-policy", "IAM policy that the same role needs besides to delete clusters", "deletion-policy > deletion-policy.json", r.Permissions.DeletionPolicy),
		r.permissionsText("key-creation-policy", "IAM policy that the same role needs besides to make KMS keys", "key-creation-policy > key-creation-policy.json", r.Permissions.KeyCreationPolicy),
		r.permissionsCallerCommand(), r.permissionsTrustCommand(),
		r.permissionsText("kubernetes", "Kubernetes ClusterRole with its binding", "kubernetes | kubectl apply -f -", r.Permissions.Manifest),
		r.permissionsText("kubernetes-upgrade", "Kubernetes ClusterRole that drafting an upgrade needs besides", "kubernetes-upgrade | kubectl apply -f -", r.Permissions.UpgradeManifest),
		r.permissionsText("remediation-kubernetes", "Kubernetes ClusterRole of the role that plans about images, and about who may connect, are applied with", "remediation-kubernetes | kubectl apply -f -", r.Permissions.ChangeManifest),
		r.permissionsText("secrets-kubernetes", "Kubernetes ClusterRole that the same role needs besides to have existing secrets written again", "secrets-kubernetes | kubectl apply -f -", r.Permissions.SecretsManifest))
}

// permissionsText is a command that prints one text as it is.
func (r *runner) permissionsText(use, short, example, text string) *cobra.Command {
	return &cobra.Command{
		Use:     use,
		Short:   short,
		Example: "  eksposure permissions " + example,
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return block(r.Out, text) },
	}
}

func (r *runner) permissionsCallerCommand() *cobra.Command {
	t := exampleTrust()
	c := &cobra.Command{
		Use:     "caller-policy",
		Short:   "IAM policy for the identity that scans other accounts",
		Example: "  eksposure permissions caller-policy --role-name eksposure-scan > caller-policy.json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if t.RoleName == "" || t.Partition == "" {
				return fmt.Errorf("--role-name and --partition must not be empty: %w", errUsage)
			}
			if err := t.check(); err != nil {
				return err
			}
			return block(r.Out, r.Permissions.CallerPolicy(t))
		},
	}
	c.Flags().StringVar(&t.RoleName, "role-name", t.RoleName, "`name` of the role in every account")
	c.Flags().StringVar(&t.Partition, "partition", t.Partition, "AWS `partition`: aws, aws-us-gov or aws-cn")
	return c
}

func (r *runner) permissionsTrustCommand() *cobra.Command {
	var t Trust
	c := &cobra.Command{
		Use:     "trust-policy --caller-arn ARN",
		Short:   "IAM trust policy for the role in every scanned account",
		Example: "  eksposure permissions trust-policy --caller-arn arn:aws:iam::111122223333:role/security-tooling > trust-policy.json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if t.CallerARN == "" {
				return fmt.Errorf("`%s` needs --caller-arn, the ARN of the identity that scans: %w", c.CommandPath(), errUsage)
			}
			if err := t.check(); err != nil {
				return err
			}
			return block(r.Out, r.Permissions.TrustPolicy(t))
		},
	}
	c.Flags().StringVar(&t.CallerARN, "caller-arn", "", "`ARN` of the identity that scans (required)")
	c.Flags().StringVar(&t.ExternalID, "external-id", "", "external `ID` to ask for")
	return c
}

// block writes text that ends with one line break.
func block(w io.Writer, text string) error { return line(w, "%s", strings.TrimRight(text, "\n")) }

// permissionsPage is docs/permissions.md.
func permissionsPage(p Permissions) string {
	var b strings.Builder
	b.WriteString(`# Permissions

Scanning only reads. These are exactly the rights that it uses, and at the end those of applying plans, made from the calls in the code; ` + "`eksposure permissions`" + ` prints each of them
ready for use.

## IAM actions

| Action | Needed by | What is read with it |
| --- | --- | --- |
`)
	for _, a := range p.Actions {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", a.Action, a.Scope, a.Why)
	}
	fence := func(heading, kind, text string) {
		fmt.Fprintf(&b, "\n## %s\n\n```%s\n%s\n```\n", heading, kind, strings.TrimRight(text, "\n"))
	}
	t := exampleTrust()
	fence("The policy of the role in every scanned account", "json", p.ReadPolicy)
	fence("What the setting `images.inspector` needs besides", "json", p.InspectorPolicy)
	fence("The trust policy of that role", "json", p.TrustPolicy(t))
	fence("The policy of the identity that scans other accounts", "json", p.CallerPolicy(t))
	fence("Kubernetes RBAC", "yaml", p.Manifest)
	b.WriteString("\nAn EKS access entry puts the role into the Kubernetes group that the binding names:\n\n```sh\n" +
		"aws eks create-access-entry --cluster-name CLUSTER \\\n" +
		"  --principal-arn arn:aws:iam::ACCOUNT:role/" + t.RoleName + " --kubernetes-groups eksposure-readers\n```\n")
	b.WriteString("\n## Drafting an upgrade\n\n`eksposure remediate plan --topic unsupported-kubernetes-version` looks at more than a scan does, with the role and the group that\n" +
		"scan. Without these rights the plan says what it does not know, and the approver decides. An update of add-ons for their images\n" +
		"(`--option add-on`) takes `eks:DescribeAddonVersions` of these, and is not drafted without it.\n")
	fence("What drafting an upgrade needs besides, in IAM", "json", p.UpgradePolicy)
	fence("What drafting an upgrade needs besides, in Kubernetes", "yaml", p.UpgradeManifest)
	b.WriteString("\n## Drafting a change of the endpoint\n\nPlans about who reaches the Kubernetes API look at the network around it, with the role that scans. Without these rights the plan\n" +
		"says what it does not know, and takes no prefix list.\n")
	fence("What drafting a change of the endpoint needs besides", "json", p.EndpointPolicy)
	b.WriteString("\nWith `--from-callers` the ranges are taken from who called, which the cluster's audit log in CloudWatch Logs tells, or CloudTrail where\n" +
		"there is none. `logs:StartQuery` may be narrowed to `arn:aws:logs:*:*:log-group:/aws/eks/*/cluster:*`; the others have no resources.\n")
	fence("What ranges from callers need besides", "json", p.CallersPolicy)
	b.WriteString("\n## Applying plans\n\n`eksposure remediate apply` and `revert` use a role of their own, named by the setting `remediation.role`. It needs these\n" +
		"rights and no others, and the trust policy above. The caller needs `sts:AssumeRole` for it too.\n\n| Action | What for |\n| --- | --- |\n")
	for _, a := range p.Changes {
		fmt.Fprintf(&b, "| `%s` | %s |\n", a.Action, a.Why)
	}
	fence("The policy of the role that plans are applied with", "json", p.RemediationPolicy)
	fence("What the same role needs besides to delete clusters", "json", p.DeletionPolicy)
	b.WriteString("\nWith `--create-key` a plan makes a KMS key. The role deletes only keys with the tag of a plan; as it may tag keys, which a new key\n" +
		"takes, give it to nobody who may not delete keys.\n")
	fence("What the same role needs besides to make KMS keys", "json", p.KeyCreationPolicy)
	b.WriteString("\nPlans about images need no IAM action; the role needs these Kubernetes rights, in each cluster whose workloads are to be changed.\n")
	fence("Kubernetes RBAC of the role that plans are applied with", "yaml", p.ChangeManifest)
	b.WriteString("\nWith `--rewrite-secrets` a plan has existing secrets written again, for which the same group needs this as well. The program asks for\n" +
		"metadata alone, but RBAC knows no such right: who has this role may read secrets.\n")
	fence("What it needs besides to have secrets written again", "yaml", p.SecretsManifest)
	b.WriteString("\n```sh\naws eks create-access-entry --cluster-name CLUSTER \\\n" +
		"  --principal-arn arn:aws:iam::ACCOUNT:role/eksposure-remediation --kubernetes-groups eksposure-remediators\n```\n")
	return b.String()
}
