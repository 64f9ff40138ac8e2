package estate

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// passwords are the ECR passwords that the estate has issued.
type passwords struct {
	now    func() time.Time
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]password // by the password's hash
}

// password is who asked for a password, and until when it counts.
type password struct {
	owner   principal
	expires time.Time
}

func newPasswords(now func() time.Time) *passwords {
	return &passwords{now: now, tokens: map[[sha256.Size]byte]password{}}
}

func (p *passwords) issue(owner principal, expires time.Time) string {
	text := randomText(120)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens[sha256.Sum256([]byte(text))] = password{owner, expires}
	return text
}

// valid reports whether it is a login that ECR takes: user AWS, and a password
// of ecr:GetAuthorizationToken that has not expired.
func (p *passwords) valid(user, text string) bool {
	_, ok := p.owner(user, text)
	return ok
}

func (p *passwords) owner(user, text string) (principal, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pass, ok := p.tokens[sha256.Sum256([]byte(text))]
	return pass.owner, ok && p.now().Before(pass.expires) && subtle.ConstantTimeCompare([]byte(user), []byte("AWS")) == 1
}

// authorizePull lets a password fetch what the policies of its owner allow: ECR
// asks for ecr:BatchGetImage before it gives a manifest, and for
// ecr:GetDownloadUrlForLayer before a blob (ECR User Guide, "Private repository
// policy examples"), and for ecr:ListImages before the tags. Who sends no password is left to the registry.
func (e *Estate) authorizePull(registry http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, text, _ := r.BasicAuth()
		owner, ok := e.passwords.owner(user, text)
		operation, repository := pullOf(r.URL.Path)
		if !ok || operation == "" {
			registry.ServeHTTP(w, r)
			return
		}
		record := Call{Account: owner.account, Service: "ecr", Operation: operation, Action: "ecr:" + operation, Caller: owner.arn}
		if matchAction(owner.allow, record.Action) {
			e.record(record)
			registry.ServeHTTP(w, r)
			return
		}
		record.Error = "DENIED"
		e.record(record)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]string{{
			"code": record.Error,
			"message": "User: " + owner.arn + " is not authorized to perform: " + record.Action + " on resource: arn:aws:ecr:*:*:repository/" + repository +
				" because no identity-based policy allows the " + record.Action + " action",
		}}}) // A caller that has gone away needs no answer.
	})
}

// pullOf gives the ECR operation behind a path of the registry, and its repository.
func pullOf(path string) (operation, repository string) {
	path = strings.TrimPrefix(path, "/v2/")
	if i := strings.LastIndex(path, "/manifests/"); i > 0 {
		return "BatchGetImage", path[:i]
	}
	if i := strings.LastIndex(path, "/blobs/"); i > 0 {
		return "GetDownloadUrlForLayer", path[:i]
	}
	if name, ok := strings.CutSuffix(path, "/tags/list"); ok {
		return "ListImages", name
	}
	return "", ""
}

// Mirrors maps patterns of registry hosts to the address that stands in for
// them. Every registry is the estate's: a scan of it pulls nothing from elsewhere.
// ECR repositories want a password of ecr:GetAuthorizationToken, and of its owner
// the rights to pull; others want nothing.
func (e *Estate) Mirrors() map[string]string { return map[string]string{"*": e.registry} }
