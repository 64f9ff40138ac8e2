package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

// Setting is one setting in force, without what is secret in it.
type Setting struct {
	Key   string `json:"key" doc:"Its name, as in the file."`
	Value string `json:"value" doc:"What it is now; empty when it is not set. Passwords and the paths of receivers' addresses are left out."`
	Set   bool   `json:"set" doc:"Whether it differs from what it is without any source."`
	Doc   string `json:"doc" doc:"What it means."`
}

// SettingList has the settings in force.
type SettingList struct {
	Items []Setting `json:"items" doc:"The settings, in the order of their documentation."`
}

func (s *service) settingOperations() []operation {
	return []operation{{
		name: "ListSettings", method: http.MethodGet, path: "/settings", action: access.Administer, group: "administration",
		summary:     "List the settings that the server runs with.",
		description: "They come from the file, the environment and the flags that the server was started with, and change with its next start.",
		answer:      SettingList{},
		handle:      func(context.Context, *request) (any, error) { return SettingList{Items: s.cfg.Settings}, nil },
	}}
}

// Preferences keeps what people prefer, under their IDs; *store.DB does.
type Preferences interface {
	PutObject(ctx context.Context, kind, id string, document []byte) error
	// Object is fault.ErrNotFound when there is none.
	Object(ctx context.Context, kind, id string) ([]byte, error)
}

// preferenceKind is the kind of object that preferences are kept as.
const preferenceKind = "preferences"

// The bounds of what one person prefers.
const (
	maxPreferences    = 64
	maxPreferenceSize = 32 << 10
)

// PreferenceSet is what one person prefers, such as saved filter sets and columns.
type PreferenceSet struct {
	Values map[string]json.RawMessage `json:"values" doc:"Values by name, at most 64 and 32 KiB; what they mean is the caller's business."`
}

func (s *service) preferenceOperations() []operation {
	return []operation{
		{
			name: "GetPreferences", method: http.MethodGet, path: "/preferences", action: access.Read, group: "about",
			summary: "Get what you keep here: saved filter sets, columns and the like.", answer: PreferenceSet{}, handle: s.preferences,
		},
		{
			name: "PutPreferences", method: http.MethodPut, path: "/preferences", action: access.Read, group: "about",
			summary:     "Keep other preferences instead.",
			description: "Each key and each person has their own; nobody else sees them.",
			body:        PreferenceSet{}, maxBody: maxPreferenceSize, answer: PreferenceSet{}, handle: s.putPreferences,
		},
	}
}

func (s *service) preferences(ctx context.Context, q *request) (any, error) {
	set := PreferenceSet{Values: map[string]json.RawMessage{}}
	document, err := s.cfg.Preferences.Object(ctx, preferenceKind, q.caller.ID)
	if errors.Is(err, fault.ErrNotFound) {
		return set, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, fmt.Errorf("preferences of %q: %w", q.caller.ID, err)
	}
	return set, nil
}

func (s *service) putPreferences(ctx context.Context, q *request) (any, error) {
	set, _ := q.body.(*PreferenceSet)
	if len(set.Values) > maxPreferences {
		return nil, fmt.Errorf("%d preferences: want at most %d: %w", len(set.Values), maxPreferences, fault.ErrInvalid)
	}
	document, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("preferences: %w: %w", err, fault.ErrInvalid)
	}
	return set, s.cfg.Preferences.PutObject(ctx, preferenceKind, q.caller.ID, document)
}
