package inventory

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// KubernetesVersion is MAJOR.MINOR, compared as integers: 1.100 is newer than 1.19.
type KubernetesVersion struct{ Major, Minor int }

// ParseKubernetesVersion reads "1.31", "v1.31.4" or "v1.31.4-eks-abc1234".
// Anything else is fault.ErrInvalid.
func ParseKubernetesVersion(s string) (KubernetesVersion, error) {
	major, rest, ok := strings.Cut(strings.TrimPrefix(s, "v"), ".")
	if !ok {
		return KubernetesVersion{}, fmt.Errorf("kubernetes version %q: want MAJOR.MINOR: %w", s, fault.ErrInvalid)
	}
	minor := rest
	if i := strings.IndexAny(rest, ".-+"); i >= 0 {
		minor = rest[:i]
	}
	ma, errMajor := strconv.ParseUint(major, 10, 16)
	mi, errMinor := strconv.ParseUint(minor, 10, 16)
	if errMajor != nil || errMinor != nil {
		return KubernetesVersion{}, fmt.Errorf("kubernetes version %q: want MAJOR.MINOR: %w", s, fault.ErrInvalid)
	}
	return KubernetesVersion{Major: int(ma), Minor: int(mi)}, nil
}

// Compare orders by major, then minor.
func (v KubernetesVersion) Compare(o KubernetesVersion) int {
	return cmp.Or(cmp.Compare(v.Major, o.Major), cmp.Compare(v.Minor, o.Minor))
}

// String gives MAJOR.MINOR.
func (v KubernetesVersion) String() string {
	return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor)
}
