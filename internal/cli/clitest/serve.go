package clitest

import (
	"context"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/report/reporttest"
)

type server struct {
	word    string
	address string
}

// Serve implements cli.Server: it says that it serves, and ends at once.
func (s server) Serve(_ context.Context, ready func(cli.Serving) error) error {
	switch s.word {
	case "unavailable":
		return fmt.Errorf("listen on %q: address already in use: %w", s.address, fault.ErrUnavailable)
	case "empty":
		return ready(cli.Serving{URL: "http://" + s.address})
	}
	return ready(cli.Serving{URL: "http://" + s.address, Console: true, MetricsURL: "http://127.0.0.1:9464/metrics", Keys: 2})
}

// Keys implements cli.Server.
func (s server) Keys(context.Context) (cli.Keys, error) { return keys(s), nil }

// Close implements cli.Server.
func (s server) Close() error { return nil }

type keys server

// Keys implements cli.Keys.
func (k keys) Keys(context.Context) ([]access.Key, error) {
	if k.word == "empty" {
		return nil, nil
	}
	return []access.Key{
		{ID: "EKSPA2B3C4D5E6F7G2H3", Name: "me", Role: access.Admin, Created: reporttest.At(), LastUsed: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)},
		{
			ID: "EKSPZ2Z3Z4Z5Z6Z7Z2Z3", Name: "shop-team", Role: access.Operator, Scope: access.Scope{Accounts: []string{"111122223333"}, Regions: []string{"eu-central-1"}},
			Created: reporttest.At(), Revoked: reporttest.At().AddDate(0, 0, 1),
		},
	}, nil
}

// CreateKey implements cli.Keys.
func (k keys) CreateKey(_ context.Context, name string, role access.Role, scope access.Scope) (access.Key, string, error) {
	return access.Key{ID: "EKSPA2B3C4D5E6F7G2H3", Name: name, Role: role, Scope: scope, Created: reporttest.At()}, "an/example+secret/of+forty/characters0000", nil
}

// RevokeKey implements cli.Keys.
func (k keys) RevokeKey(_ context.Context, id string) (bool, error) {
	if id == "EKSPZ2Z3Z4Z5Z6Z7Z2Z3" {
		return false, nil
	}
	if id != "EKSPA2B3C4D5E6F7G2H3" {
		return false, fmt.Errorf("no access key %q; `eksposure keys list` shows all: %w", id, fault.ErrNotFound)
	}
	return true, nil
}
