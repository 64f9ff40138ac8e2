package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// tokenLife is how long a client token is remembered.
	tokenLife = 24 * time.Hour
	// tokenWork is how long a request may be at work under its token before the
	// token counts as left behind by a killed process.
	tokenWork = time.Minute
)

var clientToken = regexp.MustCompile(`^[\x21-\x7E]{1,63}$`)

// claim is what is kept for a client token.
type claim struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Request string          `json:"request"`
	Answer  json.RawMessage `json:"answer,omitempty"`
}

// once answers a request that carries a client token once: the same request again
// gets the same answer, and another request under the same token is
// fault.ErrConflict. Without a token it simply does the work.
func once[T any](ctx context.Context, s *Service, p access.Principal, operation, token string, request any, work func() (T, error)) (answer T, err error) {
	if token == "" {
		return work()
	}
	if !clientToken.MatchString(token) {
		return answer, invalid("ClientToken", "want 1 to 63 printable characters")
	}
	id := digest(operation + "\n" + p.ID + "\n" + token)
	body, err := json.Marshal(request)
	if err != nil {
		return answer, fmt.Errorf("client token: %w", err)
	}
	mine := claim{ID: id, At: s.cfg.Now().UTC(), Request: digest(string(body))}
	held, old, err := s.claim(ctx, id, mine)
	if err != nil {
		return answer, err
	}
	if held.Answer != nil {
		return answer, decodeObject(held.Answer, &answer)
	}
	if answer, err = work(); err != nil {
		return answer, errors.Join(err, s.Objects.DeleteObject(context.WithoutCancel(ctx), kindToken, id))
	}
	if mine.Answer, err = json.Marshal(answer); err != nil {
		return answer, fmt.Errorf("client token: %w", err)
	}
	document, err := json.Marshal(mine)
	if err != nil {
		return answer, fmt.Errorf("client token: %w", err)
	}
	return answer, s.Objects.ReplaceObject(ctx, kindToken, id, old, document)
}

// claim takes a client token, or gives the answer that it stands for already.
func (s *Service) claim(ctx context.Context, id string, mine claim) (claim, []byte, error) {
	document, err := json.Marshal(mine)
	if err != nil {
		return claim{}, nil, fmt.Errorf("client token: %w", err)
	}
	err = s.Objects.AddObject(ctx, kindToken, id, document)
	if err == nil {
		return mine, document, s.forgetTokens(ctx, mine.At)
	}
	if !errors.Is(err, fault.ErrConflict) {
		return claim{}, nil, err
	}
	old, err := s.Objects.Object(ctx, kindToken, id)
	if err != nil {
		return claim{}, nil, err
	}
	var held claim
	if err := decodeObject(old, &held); err != nil {
		return claim{}, nil, err
	}
	age := mine.At.Sub(held.At)
	switch {
	case age > tokenLife || held.Answer == nil && age > tokenWork:
		return mine, document, s.Objects.ReplaceObject(ctx, kindToken, id, old, document)
	case held.Request != mine.Request:
		return claim{}, nil, fmt.Errorf("the ClientToken was used for a request with other parameters: %w", fault.ErrConflict)
	case held.Answer == nil:
		return claim{}, nil, fmt.Errorf("a request with this ClientToken is at work: %w", fault.ErrConflict)
	}
	return held, old, nil
}

// forgetTokens removes the tokens that nobody may use again.
func (s *Service) forgetTokens(ctx context.Context, now time.Time) error {
	documents, err := s.Objects.Objects(ctx, kindToken)
	if err != nil {
		return err
	}
	for _, document := range documents {
		var held claim
		if err := decodeObject(document, &held); err != nil {
			return err
		}
		if now.Sub(held.At) <= tokenLife {
			continue
		}
		if err := s.Objects.DeleteObject(ctx, kindToken, held.ID); err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
	}
	return nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// decodeObject reads a stored document.
func decodeObject(document []byte, into any) error {
	if err := json.Unmarshal(document, into); err != nil {
		return fmt.Errorf("stored document: %w", err)
	}
	return nil
}
