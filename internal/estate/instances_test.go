package estate_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
)

// Nodes are instances, found by what EC2's filters ask for; each has the security groups
// that its node group gives it.
func TestInstances(t *testing.T) {
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	s := estate.Demo(published)
	s.Cluster("ledger").NodeGroups[0].SecurityGroups = []string{"sg-nodes"}
	e := start(t, estate.Config{Scenario: s, Images: published})
	client := ec2.NewFromConfig(assume(t, e, payments, "eu-west-1"))
	filter := func(name string, values ...string) ec2types.Filter {
		return ec2types.Filter{Name: aws.String(name), Values: values}
	}
	instances := func(filters ...ec2types.Filter) []ec2types.Instance {
		t.Helper()
		var list []ec2types.Instance
		pages := ec2.NewDescribeInstancesPaginator(client, &ec2.DescribeInstancesInput{Filters: filters})
		for pages.HasMorePages() {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.Reservations {
				list = append(list, r.Instances...)
			}
		}
		return list
	}
	tagged := instances(filter("tag:eks:cluster-name", "ledger"), filter("instance-state-name", "running"))
	if len(tagged) == 0 {
		t.Fatal("none is found by its tag")
	}
	for _, i := range tagged {
		if len(i.SecurityGroups) != 1 || aws.ToString(i.SecurityGroups[0].GroupId) != "sg-nodes" {
			t.Errorf("%s has the groups %+v", *i.InstanceId, i.SecurityGroups)
		}
		byID := instances(filter("instance-id", *i.InstanceId, "i-none"), filter("vpc-id", *i.VpcId))
		if len(byID) != 1 || cmp.Diff(i.PrivateIpAddress, byID[0].PrivateIpAddress) != "" {
			t.Errorf("by its ID %d are found", len(byID))
		}
	}
	if other := instances(filter("instance-id", *tagged[0].InstanceId), filter("vpc-id", "vpc-other")); len(other) != 0 {
		t.Errorf("in another VPC %d are found", len(other))
	}
	if _, err := client.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{filter("colour", "red")}}); err == nil {
		t.Error("a filter that is not known is passed over")
	}
}
