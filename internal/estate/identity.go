package estate

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// principal is who makes a call.
type principal struct {
	account string
	arn     string // of the user, or of the assumed-role session
	id      string // AIDA…, or AROA…:SESSION
	role    string // ARN of the role behind a session, else empty
	session string
	allow   []string
}

// entity is the ARN that policies and access entries name: the role behind a
// session, or the user.
func (p *principal) entity() string {
	if p.role != "" {
		return p.role
	}
	return p.arn
}

// credential is one row of the estate's own table of keys.
type credential struct {
	principal

	secret  string
	token   string // of a session
	expires time.Time
}

// vault holds every key that the estate has issued.
type vault struct {
	mu   sync.RWMutex
	keys map[string]credential
}

func newVault(s *Scenario) *vault {
	v := &vault{keys: map[string]credential{}}
	for _, a := range s.Accounts {
		for _, u := range a.Users {
			v.keys[u.AccessKey] = credential{
				secret: randomText(40),
				principal: principal{
					account: a.ID, arn: "arn:aws:iam::" + a.ID + ":user/" + u.Name,
					id: stableID("AIDA", a.ID+u.Name), allow: u.Allow,
				},
			}
		}
	}
	return v
}

func (v *vault) get(accessKey string) (credential, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	c, ok := v.keys[accessKey]
	return c, ok
}

// issue makes the credentials of a role session.
func (v *vault) issue(account string, role Role, session string, expires time.Time) (string, credential) {
	key := "ASIA" + randomText(16)
	c := credential{
		secret: randomText(40), token: "IQoJb3JpZ2luX2Vj" + randomText(96), expires: expires,
		principal: principal{
			account: account, arn: "arn:aws:sts::" + account + ":assumed-role/" + role.Name + "/" + session,
			id:   stableID("AROA", account+role.Name) + ":" + session,
			role: "arn:aws:iam::" + account + ":role/" + role.Name, session: session, allow: role.Allow,
		},
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys[key] = c
	return key, c
}

// matchAction reports whether one of the patterns covers the action. IAM
// compares actions without case; * stands for any text.
func matchAction(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return matchPattern(strings.ToLower(p), strings.ToLower(action))
	})
}

func matchPattern(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for {
		if matchPattern(rest, s) {
			return true
		}
		if s == "" {
			return false
		}
		s = s[1:]
	}
}

// trusts reports whether a role's trust policy names the caller.
func (r Role) trusts(p *principal) bool {
	return slices.ContainsFunc(r.Trust, func(t string) bool {
		return t == p.account || t == p.arn || t == p.entity() || t == fmt.Sprintf("arn:aws:iam::%s:root", p.account)
	})
}

// randomText gives n characters that nobody can guess.
func randomText(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(rand.Text())
	}
	return b.String()[:n]
}
