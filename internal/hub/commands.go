package hub

import (
	"regexp"
	"slices"
	"strings"
)

// beginning is where a shell's command begins: in a line, in $(…), after |, ; or &.
const beginning = `(?m:^|\$\(|[|;&]\s*)`

var (
	called    = regexp.MustCompile(beginning + `(aws|kubectl|eksctl|eksposure|docker|helm|python3|grep) `)
	awsAction = regexp.MustCompile(beginning + `aws ([a-z0-9-]+) ([a-z0-9-]+)(?: ([a-z0-9-]+))?`)
	kubectl   = regexp.MustCompile(beginning + `kubectl ([^\n]*)`)
)

// Programs are those that the commands call, each once, in their order.
func (g *Guidance) Programs() []string {
	var list []string
	for _, m := range called.FindAllStringSubmatch(strings.Join(g.Commands, "\n"), -1) {
		if !slices.Contains(list, m[1]) {
			list = append(list, m[1])
		}
	}
	return list
}

// actions are the IAM actions that a line of commands needs: those of the operations that the AWS
// CLI asks for, and those that these look for in the caller's name.
func actions(line string) []string {
	var list []string
	for _, m := range awsAction.FindAllStringSubmatch(line, -1) {
		service, command := m[1], m[2]
		switch {
		case command == "wait":
			list = append(list, service+":"+waitsFor(m[3]))
		case service == "resourcegroupstaggingapi":
			list = append(list, "tag:"+pascal(command))
		case command == "update-kubeconfig":
			list = append(list, "eks:DescribeCluster")
		case command == "associate-encryption-config": // Amazon EKS User Guide, "Encrypt Kubernetes secrets with KMS on existing clusters"
			list = append(list, "eks:AssociateEncryptionConfig", "kms:DescribeKey", "kms:CreateGrant")
		case command == "create-nodegroup", command == "create-cluster", strings.Contains(line, " --service-account-role-arn "):
			list = append(list, service+":"+pascal(command), "iam:PassRole")
		default:
			list = append(list, service+":"+pascal(command))
		}
	}
	return list
}

// waitsFor is the operation that a waiter of the AWS CLI asks for again and again.
func waitsFor(waiter string) string {
	part := waiter[:max(strings.LastIndexByte(waiter, '-'), 0)]
	if strings.HasPrefix(waiter, "stack-") {
		part = "stacks"
	}
	return "Describe" + pascal(part)
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
			if own, ok := strings.CutPrefix(line, "eksposure "); ok {
				fields := strings.Fields(own)
				return "eksposure", strings.Join(fields[:min(len(fields), 2)], " ")
			}
			if m := kubectl.FindStringSubmatch(line); m != nil {
				return "Kubernetes", verb(strings.Fields(m[1]))
			}
		}
	}
	return "Manual", "Review"
}

// verb is what kubectl is asked to do: its first argument that is neither a flag nor a flag's
// value, with the second where that says more.
func verb(args []string) string {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "-n", args[i] == "--namespace", args[i] == "--context":
			i++
		case strings.HasPrefix(args[i], "-"):
		case (args[i] == "set" || args[i] == "rollout") && i+1 < len(args):
			return args[i] + " " + args[i+1]
		default:
			return args[i]
		}
	}
	return "kubectl"
}
