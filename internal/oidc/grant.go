package oidc

import (
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

// Grant gives a role, within a scope, to whom has a claim with a value.
type Grant struct {
	Role  access.Role
	Scope access.Scope
	// Claim is a claim's name; dots lead into objects. Empty means everybody.
	Claim, Value string
}

// ParseGrant reads a rule such as
//
//	operator account=111122223333 region=eu-central-1 if groups=Shop Team
//
// A role, any number of account=, region= and cluster= that confine it, and what
// comes after "if": a claim and the value that it must be, or have among several.
func ParseGrant(rule string) (Grant, error) {
	given, condition, conditional := strings.Cut(rule, " if ")
	words := strings.Fields(given)
	if len(words) == 0 {
		return Grant{}, fmt.Errorf("grant %q: want ROLE [account=… region=… cluster=…] if CLAIM=VALUE: %w", rule, fault.ErrInvalid)
	}
	role, err := access.ParseRole(words[0])
	if err != nil {
		return Grant{}, fmt.Errorf("grant %q: %w", rule, err)
	}
	g := Grant{Role: role}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		list := map[string]*[]string{"account": &g.Scope.Accounts, "region": &g.Scope.Regions, "cluster": &g.Scope.Clusters}[name]
		if list == nil || value == "" {
			return Grant{}, fmt.Errorf("grant %q: %q is none of account=, region=, cluster=: %w", rule, word, fault.ErrInvalid)
		}
		*list = append(*list, value)
	}
	if conditional {
		var ok bool
		g.Claim, g.Value, ok = strings.Cut(strings.TrimSpace(condition), "=")
		if !ok || g.Claim == "" || g.Value == "" {
			return Grant{}, fmt.Errorf("grant %q: want CLAIM=VALUE after if: %w", rule, fault.ErrInvalid)
		}
	}
	if err := access.CheckGrant(g.Role, g.Scope); err != nil {
		return Grant{}, fmt.Errorf("grant %q: %w", rule, err)
	}
	return g, nil
}

// ParseGrants reads a list of rules.
func ParseGrants(rules []string) ([]Grant, error) {
	grants := make([]Grant, len(rules))
	for i, rule := range rules {
		var err error
		if grants[i], err = ParseGrant(rule); err != nil {
			return nil, err
		}
	}
	return grants, nil
}

// fits reports whether the claims have the value. An e-mail address counts only when
// the provider has verified it: whoever may write any address into a profile could
// be anybody.
func (g Grant) fits(claims map[string]any) bool {
	if g.Claim == "" {
		return true
	}
	if g.Claim == "email" && claims["email_verified"] != true {
		return false
	}
	return has(find(claims, g.Claim), g.Value)
}

func has(claim any, value string) bool {
	switch claim := claim.(type) {
	case string:
		return claim == value
	case []any:
		for _, one := range claim {
			if text, ok := one.(string); ok && text == value {
				return true
			}
		}
	}
	return false
}

// find looks a claim up: by its whole name first, as names may be URLs with dots in
// them, then step by step.
func find(claims map[string]any, name string) any {
	if claim, ok := claims[name]; ok {
		return claim
	}
	for head, rest := range cuts(name) {
		if inner, ok := claims[head].(map[string]any); ok {
			return find(inner, rest)
		}
	}
	return nil
}

// cuts gives every way to cut a name at a dot.
func cuts(name string) func(yield func(head, rest string) bool) {
	return func(yield func(head, rest string) bool) {
		for i := range len(name) {
			if name[i] == '.' && !yield(name[:i], name[i+1:]) {
				return
			}
		}
	}
}

// maxName bounds the name that is shown.
const maxName = 256

// principal gives the subject the role of the first grant that fits.
func (p *Provider) principal(subject string, claims map[string]any) (access.Principal, error) {
	principal := access.Principal{ID: p.cfg.Issuer + "#" + subject, Name: subject}
	for _, claim := range []string{p.cfg.NameClaim, "preferred_username", "name"} {
		if name, ok := find(claims, claim).(string); ok && name != "" && len(name) <= maxName {
			principal.Name = name
			break
		}
	}
	for _, g := range p.cfg.Grants {
		if g.fits(claims) {
			principal.Role, principal.Scope = g.Role, g.Scope
			return principal, nil
		}
	}
	return principal, fmt.Errorf("no grant of the settings gives %q a role: %w", principal.Name, fault.ErrDenied)
}
