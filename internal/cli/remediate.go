package cli

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/remediation"
)

// scanSettings are the settings of looking at a cluster again.
var scanSettings = []string{"database", "cache_dir", "log_level", "aws.", "kubernetes.", "scan.", "images.", "vulnerability_database.", "policy.", "remediation."}

func (r *runner) remediateCommand() *cobra.Command {
	c := group("remediate", "Plan, approve, apply, verify and revert a remedy",
		`Remedies what a finding shows, in steps that are each somebody's decision:

  plan      looks at the cluster and writes down exactly what would be changed; changes nothing
  approve   takes your word for the plan with one hash, and for no other
  apply     changes what the plan says, one action after the other, and scans the cluster again
  revert    takes back what was changed, where EKS lets it

A plan is applied in a role of its own (setting remediation.role; `+"`eksposure permissions remediation-policy`"+` has its rights).
Every action is looked at before it is asked for and after it is done; one whose cluster is not as planned any more is
refused. What was interrupted goes on with the same command; EKS is asked for nothing twice.

Topics that can be applied: `+strings.Join(remediation.Topics(), ", ")+`. The others have
written guidance: `+"`eksposure traits explain TRAIT`"+`.`,
		r.remediatePlanCommand(), r.remediateShowCommand(), r.remediateApproveCommand(), r.remediateApplyCommand(), r.remediateStatusCommand(),
		r.remediateRevertCommand(), r.remediateFleetCommand(),
		r.remediateMoveCommand("pause", "Stop a plan between two actions", "paused", (*remediation.Service).Pause),
		r.remediateMoveCommand("cancel", "End a plan that is not at work; what was done stays", "cancelled", (*remediation.Service).Cancel))
	c.Example = `  eksposure remediate plan --cluster checkout --topic internet-reachable --option private
  eksposure remediate approve k3v9q2m7x1ab --hash HASH --accept operator
  eksposure remediate apply k3v9q2m7x1ab
  eksposure remediate revert k3v9q2m7x1ab`
	return c
}

func (r *runner) remediatePlanCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "plan --cluster CLUSTER --topic TRAIT --option OPTION",
		Short: "Draft a plan; nothing is changed",
		Long: `Looks at the cluster as it is now and writes a plan of what would be changed, in a safe order, with what it needs, what it
does to the severity, and what was looked at so that nobody is locked out. Nothing is changed. The exit code is 0 when the
plan was written; whether it may be approved is told by its checks: with one that failed (✗, or the verdict "failed" in JSON)
` + "`eksposure remediate approve`" + ` refuses it with exit code 5, and --iac makes no patch.

Options: internet-reachable has private, public-and-private, public and prefix-list; potentially-internet-reachable has
private, narrower and prefix-list; unencrypted-kubernetes-secrets has associate and upgrade; unsupported-kubernetes-version has upgrade (one minor version at a
time, the control plane, its add-ons and its node groups), nodes (node groups alone) and policy (--to STANDARD or EXTENDED);
delete-cluster has delete;
high-priority-vulnerability, low-priority-vulnerability and end-of-life-operating-system have newest-tag, for images of yours,
and add-on, for those that EKS add-ons ship; internet-reachable-workload has limit (--cidr).

With --from-callers the ranges are the public addresses that called the Kubernetes API in the last days, each alone, merged
where that lets nobody else in. They are read in the cluster's audit log by a query of CloudWatch Logs Insights, which AWS
bills by each gigabyte that it scans; where there is no audit log, CloudTrail tells who managed the cluster by EKS's API, and
the plan says so. The plan shows each address with how often, when last, and by whom.

With --iac the change is written for the infrastructure code in a folder: a patch for git apply, of Terraform, eksctl's
configuration, manifests of Kubernetes and kustomizations. No file, no cluster and no plan is made or changed. What the
files compute, share or do not tell is named with its place on standard error and left alone. For a live change of the
same, draft the plan without --iac.`,
		Example: `  eksposure remediate plan --cluster checkout --topic internet-reachable --option private
  eksposure remediate plan --cluster checkout --topic internet-reachable --option public-and-private --cidr 203.0.113.0/24 --operator 203.0.113.7
  eksposure remediate plan --cluster checkout --topic potentially-internet-reachable --option narrower --cidr 203.0.113.0/26
  eksposure remediate plan --cluster checkout --topic internet-reachable --option public-and-private --from-callers 30
  eksposure remediate plan --cluster checkout --topic internet-reachable --option prefix-list --prefix-list pl-0123456789abcdef0
  eksposure remediate plan --cluster checkout --topic unencrypted-kubernetes-secrets --option associate --key arn:aws:kms:eu-central-1:111122223333:key/ID
  eksposure remediate plan --cluster checkout --topic unencrypted-kubernetes-secrets --option associate --create-key --rewrite-secrets
  eksposure remediate plan --cluster checkout --topic unsupported-kubernetes-version --option upgrade --to 1.35
  eksposure remediate plan --cluster checkout --topic high-priority-vulnerability --option newest-tag
  eksposure remediate plan --cluster checkout --topic high-priority-vulnerability --option add-on
  eksposure remediate plan --cluster checkout --topic internet-reachable-workload --option limit --cidr 203.0.113.0/24
  eksposure remediate plan --cluster checkout --topic internet-reachable --option private --iac infra | git apply`,
		Args: noArgs,
	}
	out := outputFlags(c, planFormats()...)
	var cluster string
	c.Flags().StringVar(&cluster, "cluster", "", "`cluster` by name or ARN, or the ID of its finding (required)")
	remedy := remedyFlags(c)
	var code codeFolder
	code.flags(c)
	settings(c, "database", "log_level", "aws.", "kubernetes.", "policy.")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		q, err := remedy()
		if err != nil {
			return err
		}
		if q.Cluster = cluster; cluster == "" {
			return fmt.Errorf("`%s` needs --cluster: %w", c.CommandPath(), errUsage)
		}
		if err := code.check(); err != nil {
			return err
		}
		return r.withPlans(c, func(s *remediation.Service, by access.Principal) error {
			if code.dir != "" {
				run, err := s.Preview(c.Context(), q, by)
				if err != nil {
					return err
				}
				return r.writePatch(out, code, &run.Plan)
			}
			run, err := s.Draft(c.Context(), q, by)
			if err != nil {
				return err
			}
			return r.writePlan(out, run)
		})
	}
	return c
}

// remedyFlags are the flags that say what to change; what is returned reads them.
func remedyFlags(c *cobra.Command) func() (remediation.Request, error) {
	var q remediation.Request
	var operator string
	c.Flags().StringVar(&q.Trait, "topic", "", "`trait` to remedy: "+strings.Join(remediation.Topics(), ", ")+" (required)")
	c.Flags().StringVar(&q.Option, "option", "", "`option` of the topic (required)")
	c.Flags().StringArrayVar(&q.CIDRs, "cidr", nil, "`range` that the public endpoint, or the load balancers of workloads, let in; may be repeated")
	c.Flags().StringVar(&q.PrefixList, "prefix-list", "", "`ID` of the managed prefix list whose ranges the public endpoint lets in")
	c.Flags().IntVar(&q.Callers, "from-callers", 0, "let in who called from a public address in so many `days` (1 to 90), beside --cidr: read in the cluster's audit log, which CloudWatch bills by what is scanned")
	c.Flags().StringVar(&operator, "operator", "", "`address` that your own requests come from, to check that it stays let in")
	c.Flags().StringVar(&q.KeyARN, "key", "", "`ARN` of the KMS key to encrypt secrets with")
	c.Flags().BoolVar(&q.NewKey, "create-key", false, "make a KMS key for the cluster, alias/eksposure/CLUSTER, in place of --key")
	c.Flags().BoolVar(&q.Rewrite, "rewrite-secrets", false, "have existing secrets written again once the key is associated (Kubernetes 1.27 and older)")
	c.Flags().StringVar(&q.To, "to", "", "Kubernetes `version` of an upgrade (the oldest in standard support that lasts for 90 days when left out), or the wished upgrade policy")
	_ = c.RegisterFlagCompletionFunc("topic", cobra.FixedCompletions(remediation.Topics(), cobra.ShellCompDirectiveNoFileComp))
	return func() (remediation.Request, error) {
		if q.Trait == "" || q.Option == "" {
			return q, fmt.Errorf("`%s` needs --topic and --option: %w", c.CommandPath(), errUsage)
		}
		if operator != "" {
			address, err := netip.ParseAddr(operator)
			if err != nil {
				return q, fmt.Errorf("--operator %q: want an IP address, such as 203.0.113.7: %w", operator, errUsage)
			}
			q.Operator = address
		}
		return q, nil
	}
}

func (r *runner) remediateShowCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "show PLAN",
		Short:   "Show a plan",
		Example: "  eksposure remediate show k3v9q2m7x1ab\n  eksposure remediate show k3v9q2m7x1ab -o diff",
		Args:    args("a plan's ID"),
	}
	out := outputFlags(c, planFormats()...)
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return r.withPlans(c, func(s *remediation.Service, _ access.Principal) error {
			run, err := s.Run(c.Context(), given[0])
			if err != nil {
				return err
			}
			return r.writePlan(out, run)
		})
	}
	return c
}

func (r *runner) remediateApproveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "approve PLAN --hash HASH",
		Short: "Approve exactly the plan with this hash",
		Long: `Takes your word for the plan with this hash: a plan that says anything else is refused. Checks without an answer must be
accepted by name, or all of them by --accept all. What cannot be undone must be accepted by --accept irreversible, always,
and the deletion of a cluster by --accept "delete NAME", with its name.

On the command line you are the account of the operating system, and whoever may open the database may do everything.
The setting remediation.four_eyes, which wants another approver than the author, is meant for the API, where people are
authenticated.`,
		Example: `  eksposure remediate approve k3v9q2m7x1ab --hash HASH
  eksposure remediate approve k3v9q2m7x1ab --hash HASH --accept operator --accept "private path"
  eksposure remediate approve k3v9q2m7x1ab --hash HASH --accept all --accept irreversible`,
		Args: args("a plan's ID"),
	}
	r.approving(c, "plan", "eksposure remediate show", func(s *remediation.Service, id, hash string, by access.Principal, accept []string) error {
		run, err := s.Approve(c.Context(), id, hash, by, accept)
		if err != nil {
			return err
		}
		return line(r.Out, "Plan %s is approved. Apply it: eksposure remediate apply %s", run.Plan.ID, run.Plan.ID)
	})
	return c
}

// approving makes c take somebody's word for what has a hash, which another command shows.
func (r *runner) approving(c *cobra.Command, what, show string, approve func(s *remediation.Service, id, hash string, by access.Principal, accept []string) error) {
	var hash string
	var accept []string
	c.Flags().StringVar(&hash, "hash", "", "`hash` of the "+what+", as it was shown (required)")
	c.Flags().StringArrayVar(&accept, "accept", nil, "`name` of a check without an answer that you accept, or all, or irreversible, or \"delete NAME\"; may be repeated")
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		if hash == "" {
			return fmt.Errorf("`%s` needs --hash, the hash that `%s %s` tells: %w", c.CommandPath(), show, given[0], errUsage)
		}
		return r.withPlans(c, func(s *remediation.Service, by access.Principal) error { return approve(s, given[0], hash, by, accept) })
	}
}

func (r *runner) remediateStatusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "status [PLAN]",
		Short:   "Show how far a plan is, or list all plans",
		Example: "  eksposure remediate status\n  eksposure remediate status k3v9q2m7x1ab",
		Args:    atMost("a plan's ID"),
	}
	out := outputFlags(c, "text", "json")
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return r.withPlans(c, func(s *remediation.Service, _ access.Principal) error {
			if len(given) == 0 {
				runs, err := s.Runs(c.Context())
				if err != nil {
					return err
				}
				return r.writeRuns(out, runs)
			}
			run, err := s.Run(c.Context(), given[0])
			if err != nil {
				return err
			}
			return r.writeStatus(out, run)
		})
	}
	return c
}

// remediateMoveCommand is a command that does nothing but bring a plan to a state.
func (r *runner) remediateMoveCommand(use, short, became string,
	move func(*remediation.Service, context.Context, string, access.Principal) (remediation.Run, error),
) *cobra.Command {
	c := &cobra.Command{
		Use:     use + " PLAN",
		Short:   short,
		Example: "  eksposure remediate " + use + " k3v9q2m7x1ab",
		Args:    args("a plan's ID"),
	}
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		return r.withPlans(c, func(s *remediation.Service, by access.Principal) error {
			run, err := move(s, c.Context(), given[0], by)
			if err != nil {
				return err
			}
			if err := line(r.Out, "Plan %s is %s.", run.Plan.ID, became); err != nil {
				return err
			}
			return r.hint(run)
		})
	}
	return c
}

// withPlans opens the plans for one use.
func (r *runner) withPlans(c *cobra.Command, use func(*remediation.Service, access.Principal) error) error {
	s, err := r.setup(c)
	if err != nil {
		return err
	}
	p := r.OpenRemediation(s)
	defer r.close(p)
	service, err := p.Plans(c.Context())
	if err != nil {
		return err
	}
	return use(service, p.Person())
}
