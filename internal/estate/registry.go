package estate

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"
)

// passwords are the ECR passwords that the estate has issued.
type passwords struct {
	now    func() time.Time
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]time.Time // expiry, by the password's hash
}

func newPasswords(now func() time.Time) *passwords {
	return &passwords{now: now, tokens: map[[sha256.Size]byte]time.Time{}}
}

func (p *passwords) issue(expires time.Time) string {
	password := randomText(120)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens[sha256.Sum256([]byte(password))] = expires
	return password
}

// valid reports whether it is a login that ECR takes: user AWS, and a password
// of ecr:GetAuthorizationToken that has not expired.
func (p *passwords) valid(user, password string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	expires, ok := p.tokens[sha256.Sum256([]byte(password))]
	return ok && p.now().Before(expires) && subtle.ConstantTimeCompare([]byte(user), []byte("AWS")) == 1
}

// Mirrors maps patterns of registry hosts to the address that stands in for
// them. Every registry is the estate's: a scan of it pulls nothing from elsewhere.
// ECR repositories want a password of ecr:GetAuthorizationToken, others nothing.
func (e *Estate) Mirrors() map[string]string { return map[string]string{"*": e.registry} }
