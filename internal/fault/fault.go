// Package fault names the categories of failure that callers branch on.
//
// Adapters translate SDK and SQL errors into one of these categories at their
// border, by wrapping; callers ask with [errors.Is]. One table maps a category
// to an HTTP status, a process exit code and whether trying again can help.
// The package takes errors and gives facts about them; it never logs and never
// holds a message meant for a person.
package fault

import (
	"context"
	"errors"
	"strings"
)

// The categories. Every error that crosses a package border wraps at most one.
var (
	// ErrInvalid means the input is wrong and only the caller can mend it.
	ErrInvalid = errors.New("invalid input")
	// ErrNotFound means the named thing does not exist.
	ErrNotFound = errors.New("not found")
	// ErrDenied means the caller is not allowed, or its credentials are missing or expired.
	ErrDenied = errors.New("access denied")
	// ErrConflict means the thing changed or is busy.
	ErrConflict = errors.New("conflict")
	// ErrQuota means that as many as are allowed exist already.
	ErrQuota = errors.New("quota exceeded")
	// ErrThrottled means the remote side asked for fewer calls.
	ErrThrottled = errors.New("throttled")
	// ErrUnavailable means the remote side could not be reached in time.
	ErrUnavailable = errors.New("unavailable")
)

// Category is one row of the table.
type Category struct {
	// Name is a stable snake_case word for machine output.
	Name string
	// Err is the sentinel that errors of this category wrap; nil for an internal error.
	Err error
	// HTTPStatus answers a request that ended in this category.
	HTTPStatus int
	// ExitCode ends a command that failed in this category.
	ExitCode int
	// Retry tells whether the same call may succeed later.
	Retry bool
}

// Exit codes that are not errors of a category.
const (
	// ExitOK means the command did what was asked.
	ExitOK = 0
	// ExitInternal means a defect or an unforeseen error.
	ExitInternal = 1
	// ExitUsage means wrong flags or arguments.
	ExitUsage = 2
	// ExitFailOn means `--fail-on` matched a finding.
	ExitFailOn = 10
	// ExitIncomplete means the scan finished but could not read everything.
	ExitIncomplete = 11
	// ExitInterrupted means the user stopped the command (128 + SIGINT).
	ExitInterrupted = 130
)

// Categories lists the table, in the order in which Of looks.
func Categories() []Category {
	return []Category{
		{Name: "canceled", Err: context.Canceled, HTTPStatus: 499, ExitCode: ExitInterrupted},
		{Name: "invalid", Err: ErrInvalid, HTTPStatus: 400, ExitCode: ExitUsage},
		{Name: "not_found", Err: ErrNotFound, HTTPStatus: 404, ExitCode: 3},
		{Name: "denied", Err: ErrDenied, HTTPStatus: 403, ExitCode: 4},
		{Name: "conflict", Err: ErrConflict, HTTPStatus: 409, ExitCode: 5},
		{Name: "quota_exceeded", Err: ErrQuota, HTTPStatus: 402, ExitCode: 8},
		{Name: "throttled", Err: ErrThrottled, HTTPStatus: 429, ExitCode: 6, Retry: true},
		{Name: "unavailable", Err: ErrUnavailable, HTTPStatus: 503, ExitCode: 7, Retry: true},
		{Name: "unavailable", Err: context.DeadlineExceeded, HTTPStatus: 503, ExitCode: 7, Retry: true},
	}
}

// Message is the text of an error without the categories' own words at the end of
// its parts: they are for programs, and whoever shows the text shows the category
// in another way.
func Message(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		parts := strings.Split(line, "; ")
		for j, part := range parts {
			parts[j] = withoutCategory(part)
		}
		lines[i] = strings.Join(parts, "; ")
	}
	return strings.Join(lines, "\n")
}

func withoutCategory(text string) string {
	for _, c := range Categories() {
		if cut, ok := strings.CutSuffix(text, ": "+c.Err.Error()); ok {
			return withoutCategory(cut) // an error may have got its category twice on its way
		}
	}
	return text
}

// Of returns the category of err; an error of no category is internal.
// Of(nil) is the zero Category with exit code 0.
func Of(err error) Category {
	if err == nil {
		return Category{}
	}
	for _, c := range Categories() {
		if errors.Is(err, c.Err) {
			return c
		}
	}
	return Category{Name: "internal", HTTPStatus: 500, ExitCode: ExitInternal}
}
