package access

import (
	"fmt"

	"github.com/eksposure/eksposure/internal/fault"
)

// CheckGrant reports, as fault.ErrInvalid, a role with a scope that nobody can be
// given: a wrong scope, or an administrator of a part.
func CheckGrant(role Role, scope Scope) error {
	if _, err := ParseRole(string(role)); err != nil {
		return err
	}
	if role == Admin && !scope.Everything() {
		return fmt.Errorf("role %s manages keys, rules and the hub, which no scope confines; take role %s, or no scope: %w", role, Approver, fault.ErrInvalid)
	}
	return scope.Validate()
}
