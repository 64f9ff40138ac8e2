package config

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/eksposure/eksposure/internal/fault"
)

var (
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
)

func (h Hub) validate() error {
	switch {
	case !slices.Contains([]string{"aws", "aws-us-gov", "aws-cn"}, h.Partition):
		return fmt.Errorf("setting hub.partition is %q: want aws, aws-us-gov or aws-cn: %w", h.Partition, fault.ErrInvalid)
	case !regionName.MatchString(h.Region):
		return fmt.Errorf("setting hub.region is %q: want a region such as eu-central-1: %w", h.Region, fault.ErrInvalid)
	case !accountID.MatchString(h.Account):
		return fmt.Errorf("setting hub.account is %q: want 12 digits: %w", h.Account, fault.ErrInvalid)
	}
	return nil
}
