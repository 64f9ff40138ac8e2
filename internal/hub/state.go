package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// The kinds of the objects that the hub keeps.
const (
	kindHub        = "hub"
	kindAggregator = "aggregator"
	kindConnector  = "connector"
	kindTags       = "tags"
	kindToken      = "client-token"
)

// hubID is the ID of the one hub's document.
const hubID = "hub"

// State is the hub itself.
type State struct {
	// ID is the unique part of the hub's ARN, a new one each time it is enabled.
	ID           string    `json:"id"`
	Enabled      bool      `json:"enabled"`
	SubscribedAt time.Time `json:"subscribed_at"`
	// Features are the opt-in features by their names.
	Features map[string]Feature `json:"features,omitempty"`
}

// Feature is an opt-in feature.
type Feature struct {
	Enabled   bool      `json:"enabled"`
	UpdatedAt time.Time `json:"updated_at"`
}

// NetworkScanning is the one opt-in feature that Security Hub has. Here it is only
// remembered: eksposure sends no packet to a cluster to find out what is reachable.
const NetworkScanning = "NETWORK_SCANNING"

// ErrDisabled answers every operation while the hub is disabled, but those that
// describe and enable it.
var ErrDisabled = fmt.Errorf("the hub is disabled; EnableSecurityHubV2 turns it on: %w", fault.ErrDenied)

// state reads the hub's document. A fresh database has an enabled hub.
func (s *Service) state(ctx context.Context) (State, []byte, error) {
	document, err := s.Objects.Object(ctx, kindHub, hubID)
	if errors.Is(err, fault.ErrNotFound) {
		document, err = json.Marshal(State{ID: s.cfg.NewID(), Enabled: true, SubscribedAt: s.cfg.Now().UTC()})
		if err != nil {
			return State{}, nil, fmt.Errorf("encode the hub: %w", err)
		}
		err = s.Objects.AddObject(ctx, kindHub, hubID, document)
		if errors.Is(err, fault.ErrConflict) { // another process was faster
			document, err = s.Objects.Object(ctx, kindHub, hubID)
		}
	}
	if err != nil {
		return State{}, nil, err
	}
	var st State
	if err := json.Unmarshal(document, &st); err != nil {
		return State{}, nil, fmt.Errorf("decode the hub: %w", err)
	}
	return st, document, nil
}

// change replaces the hub's document by what the function makes of it.
func (s *Service) change(ctx context.Context, f func(*State)) (State, error) {
	st, old, err := s.state(ctx)
	if err != nil {
		return State{}, err
	}
	f(&st)
	document, err := json.Marshal(st)
	if err != nil {
		return State{}, fmt.Errorf("encode the hub: %w", err)
	}
	return st, s.Objects.ReplaceObject(ctx, kindHub, hubID, old, document)
}

// Enabled gives ErrDisabled while the hub is disabled.
func (s *Service) Enabled(ctx context.Context) error {
	st, _, err := s.state(ctx)
	if err == nil && !st.Enabled {
		err = ErrDisabled
	}
	return err
}

// Describe gives the hub's ARN and state; fault.ErrNotFound while it is disabled.
func (s *Service) Describe(ctx context.Context) (string, State, error) {
	st, _, err := s.state(ctx)
	if err != nil {
		return "", State{}, err
	}
	if !st.Enabled {
		return "", State{}, fmt.Errorf("the hub is disabled; EnableSecurityHubV2 turns it on: %w", fault.ErrNotFound)
	}
	return s.hubARN(st), st, nil
}

func (s *Service) hubARN(st State) string { return s.arn("hubv2", st.ID) }

// Enable turns the hub on and gives its ARN. An enabled hub stays as it is, but for
// the tags, which are added.
func (s *Service) Enable(ctx context.Context, tags map[string]string) (string, error) {
	if err := checkTags(tags); err != nil {
		return "", err
	}
	st, _, err := s.state(ctx)
	if err != nil {
		return "", err
	}
	if !st.Enabled {
		st, err = s.change(ctx, func(st *State) {
			*st = State{ID: s.cfg.NewID(), Enabled: true, SubscribedAt: s.cfg.Now().UTC()}
		})
		if err != nil {
			return "", err
		}
	}
	arn := s.hubARN(st)
	return arn, s.addTags(ctx, arn, tags)
}

// Disable turns the hub off, with its features and tags. Rules, connectors and
// aggregators are kept; scans go on.
func (s *Service) Disable(ctx context.Context) error {
	st, err := s.change(ctx, func(st *State) { st.Enabled, st.Features = false, nil })
	if err != nil {
		return err
	}
	return s.dropTags(ctx, s.hubARN(st))
}

// SetFeature turns an opt-in feature on or off.
func (s *Service) SetFeature(ctx context.Context, name string, enabled bool) error {
	if name != NetworkScanning {
		return invalid("FeatureName", "%q: want %s", name, NetworkScanning)
	}
	_, err := s.change(ctx, func(st *State) {
		if st.Features[name].Enabled == enabled && !st.Features[name].UpdatedAt.IsZero() {
			return
		}
		st.Features = map[string]Feature{name: {Enabled: enabled, UpdatedAt: s.cfg.Now().UTC()}}
	})
	return err
}

// unknown is the error of a look-up, with what was looked for as the caller named it.
func unknown(what, identifier string, err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("no %s %q: %w", what, identifier, fault.ErrNotFound)
	}
	return fmt.Errorf("%s %q: %w", what, identifier, err)
}
