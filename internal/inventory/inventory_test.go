package inventory_test

import (
	"errors"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

func TestParseClusterRef(t *testing.T) {
	tests := []struct {
		arn string
		ok  bool
	}{
		{"arn:aws:eks:eu-central-1:111122223333:cluster/shop", true},
		{"arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/shop_1-a", true},
		{"arn:aws-cn:eks:cn-north-1:111122223333:cluster/9", true},
		{"arn:aws-iso-b:eks:us-isob-east-1:111122223333:cluster/a", true},
		{"arn:aws:eks:eu-central-1:111122223333:nodegroup/shop", false},
		{"arn:aws:ecs:eu-central-1:111122223333:cluster/shop", false},
		{"arn:aws:eks:eu-central-1:1111:cluster/shop", false},
		{"arn:aws:eks::111122223333:cluster/shop", false},
		{"arn:aws:eks:eu-central-1:111122223333:cluster/", false},
		{"arn:aws:eks:eu-central-1:111122223333:cluster/a/b", false},
		{"arn:aws:eks:eu-central-1:111122223333:cluster/-a", false},
		{"arn:azure:eks:eu-central-1:111122223333:cluster/a", false},
		{"shop", false},
		{"", false},
	}
	for _, test := range tests {
		ref, err := inventory.ParseClusterRef(test.arn)
		if (err == nil) != test.ok {
			t.Errorf("ParseClusterRef(%q) = %v, %v", test.arn, ref, err)
			continue
		}
		if err != nil && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("ParseClusterRef(%q): %v is not fault.ErrInvalid", test.arn, err)
		}
		if err == nil && ref.String() != test.arn {
			t.Errorf("ParseClusterRef(%q) prints as %q", test.arn, ref)
		}
	}
}

func FuzzParseClusterRef(f *testing.F) {
	f.Add("arn:aws:eks:eu-central-1:111122223333:cluster/shop")
	f.Add("arn:aws:eks:::cluster/")
	f.Add("arn:::::")
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := inventory.ParseClusterRef(s)
		if err == nil && ref.String() != s {
			t.Errorf("%q reads as %q", s, ref)
		}
	})
}

// Edge case: 1.100 is newer than 1.19; as text or as a decimal it is not.
func TestKubernetesVersionsCompareAsIntegers(t *testing.T) {
	ordered := []string{"1.9", "1.19", "v1.27.3", "1.31.4-eks-abc1234", "1.100", "2.0"}
	for i := range len(ordered) - 1 {
		a, errA := inventory.ParseKubernetesVersion(ordered[i])
		b, errB := inventory.ParseKubernetesVersion(ordered[i+1])
		if errA != nil || errB != nil || a.Compare(b) >= 0 {
			t.Errorf("%q is not before %q (%v, %v)", ordered[i], ordered[i+1], errA, errB)
		}
	}
	for _, bad := range []string{"", "1", "1.", ".1", "1.x", "one.two", "-1.2", "1.-2", "1.99999999"} {
		if v, err := inventory.ParseKubernetesVersion(bad); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("ParseKubernetesVersion(%q) = %v, %v", bad, v, err)
		}
	}
}

func TestParseSnapshotRefuses(t *testing.T) {
	for _, bad := range []string{
		`{`, `[]`, `{}`, `{"version":2,"cluster":{"ref":{"partition":"aws","account":"111122223333","region":"eu-central-1","name":"a"}}}`,
		`{"version":1}`, `{"version":1,"cluster":{"ref":{"partition":"aws","account":"1","region":"eu-central-1","name":"a"}}}`,
	} {
		if _, err := inventory.ParseSnapshot([]byte(bad)); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("ParseSnapshot(%s) = %v, want fault.ErrInvalid", bad, err)
		}
	}
}
