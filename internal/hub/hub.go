// Package hub is what AWS Security Hub's operations mean in eksposure: asking for
// findings and resources, labelling findings, remediation targets, automation
// rules, connectors and tickets, and the hub itself with its aggregators and tags.
//
// It takes requests that are already decoded, with the caller who sent them, and
// gives answers in plain types; the wire is package api/securityhub's. What a
// caller's scope leaves out is as if it did not exist. It never scans, and it
// talks to nothing but its ports.
package hub

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
)

// Defaults of Config.
const (
	DefaultPartition = "aws"
	DefaultRegion    = "us-east-1"
	// DefaultAccount stands for "no AWS account": the server runs outside of one.
	DefaultAccount = "000000000000"
)

// Config says what the hub calls itself. The zero value is usable but for Now.
type Config struct {
	// Partition, Region and Account are those of the ARNs of the hub, its rules,
	// connectors and aggregators. Region is also the one home region.
	Partition, Region, Account string
	// Version is the program's.
	Version string
	// Page gives the page of a remediation topic.
	Page func(topic string) (exposure.Page, bool)
	// Link gives the address at which people read a finding; nil when there is none.
	Link func(finding string) string
	// Now is the clock.
	Now func() time.Time
	// NewID makes the unique part of an ARN; nil makes random UUIDs.
	NewID func() string
}

// WithDefaults fills what is not set.
func (c Config) WithDefaults() Config {
	if c.Partition == "" {
		c.Partition = DefaultPartition
	}
	if c.Region == "" {
		c.Region = DefaultRegion
	}
	if c.Account == "" {
		c.Account = DefaultAccount
	}
	if c.Page == nil {
		c.Page = func(string) (exposure.Page, bool) { return exposure.Page{}, false }
	}
	if c.NewID == nil {
		c.NewID = newUUID
	}
	return c
}

// Service answers Security Hub's operations. It is safe for use by several
// goroutines.
type Service struct {
	Ports

	cfg Config
	// pages are those of topics that were read, by topic.
	pages sync.Map
}

// New joins a service with its ports.
func New(c Config, p Ports) *Service { return &Service{cfg: c.WithDefaults(), Ports: p} }

// Now is the time by the service's clock.
func (s *Service) Now() time.Time { return s.cfg.Now() }

// Version is the program's.
func (s *Service) Version() string { return s.cfg.Version }

// arn names a resource of the hub: arn:PARTITION:securityhub:REGION:ACCOUNT:KIND/ID.
func (s *Service) arn(kind, id string) string {
	return fmt.Sprintf("arn:%s:securityhub:%s:%s:%s/%s", s.cfg.Partition, s.cfg.Region, s.cfg.Account, kind, id)
}

// newUUID makes a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
