package hub

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// cut gives the page of a short list, which is ordered by its keys, that comes after
// the token, and the token of the next page. The token is the last key: what is
// added or removed between two pages moves nothing else.
func cut[T any](list []T, key func(T) string, size int, token string) ([]T, string) {
	from := 0
	if token != "" {
		from, _ = slices.BinarySearchFunc(list, token, func(e T, t string) int { return strings.Compare(key(e), t) })
		if from < len(list) && key(list[from]) == token {
			from++
		}
	}
	list = list[from:]
	if len(list) <= size {
		return list, ""
	}
	return list[:size], key(list[size-1])
}

// resourceID gives the ID in an ARN of the hub's, or the text itself when it is no ARN.
func (s *Service) resourceID(kind, identifier string) string {
	if id, ok := strings.CutPrefix(identifier, s.arn(kind, "")); ok {
		return id
	}
	return identifier
}

// invalid says what is wrong with a member of a request.
func invalid(member, format string, args ...any) error {
	return fmt.Errorf("%s: %s: %w", member, fmt.Sprintf(format, args...), fault.ErrInvalid)
}
