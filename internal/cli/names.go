package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// The shapes of names in AWS: account and region as an ARN has them, IAM's for a
// role with its path (CreateRole, "RoleName" and "Path"), STS's for an external ID
// (AssumeRole, "ExternalId").
var (
	callerShape     = regexp.MustCompile(`^arn:aws(-[a-z0-9]+)*:(iam|sts)::[0-9]{12}:(root|(user|role|assumed-role)/[\w+=,.@/-]+)$`)
	roleShape       = regexp.MustCompile(`^([\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}$`)
	externalIDShape = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
)

// maxExternalID is STS's limit.
const maxExternalID = 1224

func checkAccounts(accounts []string) error {
	for _, a := range accounts {
		if err := (inventory.ClusterRef{Partition: "aws", Account: a, Region: "us-east-1", Name: "any"}).Validate(); err != nil {
			return fmt.Errorf("--account %q: want 12 digits: %w", a, errUsage)
		}
	}
	return nil
}

func checkRegions(regions []string) error {
	for _, region := range regions {
		if err := (inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: region, Name: "any"}).Validate(); err != nil {
			return fmt.Errorf("--region %q: want a region's code, such as eu-central-1: %w", region, errUsage)
		}
	}
	return nil
}

// check refuses names that would make a policy that AWS refuses. What is empty is
// not asked for.
func (t Trust) check() error {
	partition := inventory.ClusterRef{Partition: t.Partition, Account: "111122223333", Region: "us-east-1", Name: "any"}
	switch {
	case t.Partition != "" && partition.Validate() != nil:
		return fmt.Errorf("--partition %q: want aws, aws-us-gov, aws-cn or another that begins with aws: %w", t.Partition, errUsage)
	case t.RoleName != "" && (strings.HasPrefix(t.RoleName, "arn:") || !roleShape.MatchString(t.RoleName)):
		return fmt.Errorf("--role-name %q: want the role's name without its ARN, such as eksposure-scan: %w", t.RoleName, errUsage)
	case t.ExternalID != "" && (len(t.ExternalID) < 2 || len(t.ExternalID) > maxExternalID || !externalIDShape.MatchString(t.ExternalID)):
		return fmt.Errorf("--external-id: want 2 to 1224 letters, digits and + = , . @ : / -: %w", errUsage)
	case t.CallerARN != "" && !callerShape.MatchString(t.CallerARN):
		return fmt.Errorf("--caller-arn %q: want the ARN of an IAM user, role or account root: %w", t.CallerARN, errUsage)
	}
	return nil
}
