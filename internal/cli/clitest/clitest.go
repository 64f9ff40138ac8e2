// Package clitest gives the command line ports that answer from memory, for its
// tests. What a fake does is chosen by a word, so that a script can say it.
package clitest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/report/reporttest"
	"github.com/eksposure/eksposure/internal/scan"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Program is the command line over fakes. The words are: "" (everything answers,
// with gaps), "complete" (no gaps), "denied", "unavailable", "empty" (no
// findings), "interrupted" (stopped after one cluster), "undecided" (stopped after
// one cluster that has no finding), "nodb" (no vulnerability database).
func Program(word string) cli.Program {
	open := func(cli.Setup) cli.Backend { return backend{word: word} }
	return cli.Program{
		Open:       open,
		OpenServer: func(s cli.Setup) cli.Server { return server{word, s.Config.Serve.Listen} },
		StartDemo: func(_ context.Context, s cli.Setup) (cli.Estate, error) {
			return estate{open(s), server{word, s.Config.Serve.Listen}}, nil
		},
		Traits: reporttest.Traits(),
		Page: func(topic string) (exposure.Page, bool) {
			p, ok := reporttest.Pages()[topic]
			return p, ok
		},
		OpenReports:     func(cli.Setup) cli.Reports { return reports{ingest.New(nowhere{}, reporttest.At)} },
		OpenRemediation: func(cli.Setup) cli.Remediation { return remediations{} },
		Permissions: cli.Permissions{
			Changes: []cli.Permission{{Action: "eks:UpdateClusterConfig", Scope: "remediation", Why: "who reaches the Kubernetes API"}}, RemediationPolicy: `{"Statement": "change"}`, DeletionPolicy: `{"Statement": "delete"}`,
			Actions:    []cli.Permission{{Action: "eks:DescribeCluster", Scope: "account", Why: "version and network of a cluster"}},
			ReadPolicy: `{"Statement": "read"}`, InspectorPolicy: `{"Statement": "inspector"}`, Manifest: "kind: ClusterRole", ChangeManifest: "kind: ClusterRole of changes",
			CallerPolicy: func(t cli.Trust) string { return `{"Statement": "assume ` + t.RoleName + ` in ` + t.Partition + `"}` },
			TrustPolicy:  func(t cli.Trust) string { return `{"Statement": "trust ` + t.CallerARN + `"}` },
		},
		Build: cli.Build{Version: "1.0.0", Commit: "0123456789abcdef", Time: reporttest.At(), Go: "go1.26.8"},
		Now:   reporttest.At,
	}
}

// Context is that of the process: already ended when the word is "interrupted",
// "undecided" or "held".
func Context(parent context.Context, word string) context.Context {
	ctx, cancel := context.WithCancel(parent)
	if word == "interrupted" || word == "undecided" || word == "held" {
		cancel()
	}
	context.AfterFunc(ctx, cancel)
	return ctx
}

type backend struct{ word string }

// reports parses reports as the program does, and keeps none.
type reports struct{ *ingest.Service }

func (reports) Close() error { return nil }

// remediations has no database: plans are tested over a real one, in package app.
type remediations struct{}

// Plans implements cli.Remediation.
func (remediations) Plans(context.Context) (*remediation.Service, error) {
	return nil, fmt.Errorf("database \"eksposure.db\" does not exist: %w", fault.ErrNotFound)
}

// Person implements cli.Remediation.
func (remediations) Person() access.Principal { return access.Principal{} }

// Close implements cli.Remediation.
func (remediations) Close() error { return nil }

type nowhere struct{}

func (nowhere) PutImageReport(context.Context, vuln.Ingested) error { return nil }

func (nowhere) ImageReports(context.Context, string) ([]vuln.Ingested, error) { return nil, nil }

func (nowhere) DeleteImageReport(context.Context, string, string) error { return fault.ErrNotFound }

func (b backend) fault() error {
	switch b.word {
	case "denied":
		return fmt.Errorf("discover clusters: the security token included in the request is expired: %w", fault.ErrDenied)
	case "unavailable":
		return fmt.Errorf("open database \"eksposure.db\": disk is full: %w", fault.ErrUnavailable)
	}
	return nil
}

func (b backend) discovery() inventory.Discovery {
	d := inventory.Discovery{
		Accounts: []string{"111122223333", "444455556666", "777788889999"}, Regions: []string{"eu-central-1", "us-gov-west-1"},
		AccountNames: map[string]string{"111122223333": "shop-production"},
	}
	for _, o := range reporttest.Outcomes() {
		d.Clusters = append(d.Clusters, o.Cluster)
	}
	if b.word != "complete" {
		d.Skipped = []inventory.Skip{
			{Account: "111122223333", Region: "me-south-1", Disabled: true, Reason: "denied", Detail: "the account has not opted in"},
			{Account: "777788889999", Reason: "denied", Detail: "sts:AssumeRole of eksposure-scan is denied"},
		}
	}
	return d
}

func (b backend) Discover(context.Context) (inventory.Discovery, error) {
	return b.discovery(), b.fault()
}

func (b backend) Scanner(context.Context) (cli.Scanner, error) { return b, b.fault() }

func (b backend) Evaluator(context.Context, cli.Recording) (cli.Evaluator, error) { return b, nil }

func (b backend) Findings(context.Context) (cli.Findings, error) { return b.findings(), b.fault() }

func (b backend) Database() cli.Database { return database(b) }

func (b backend) Close() error { return nil }

// Scan implements cli.Scanner.
func (b backend) Scan(ctx context.Context, r scan.Request, progress func(scan.Progress)) (scan.Summary, error) {
	progress(scan.Progress{Step: scan.StepDiscovering})
	s := scan.Summary{StartedAt: reporttest.At(), FinishedAt: reporttest.At().Add(time.Minute), Discovery: b.discovery()}
	for _, o := range reporttest.Outcomes() {
		if len(r.Clusters) > 0 && r.Clusters[0] != o.Cluster.Name && r.Clusters[0] != o.Cluster.String() {
			continue
		}
		if b.word == "complete" {
			o.Gaps = nil
			for i := range o.Evaluation.Results {
				o.Evaluation.Results[i].Verdict, o.Evaluation.Results[i].Unknowns = exposure.Present, nil
			}
		}
		if b.word == "empty" || b.word == "undecided" {
			o.Finding = nil
		}
		s.Outcomes = append(s.Outcomes, o)
		progress(scan.Progress{Step: scan.StepRecorded, Cluster: o.Cluster, Done: len(s.Outcomes), Total: 3})
		if ctx.Err() != nil {
			return s, ctx.Err()
		}
	}
	if len(s.Outcomes) == 0 {
		return s, fmt.Errorf("cluster %q is in none of the %d accounts: %w", r.Clusters[0], len(s.Discovery.Accounts), fault.ErrNotFound)
	}
	return s, nil
}

// Collect implements cli.Scanner.
func (b backend) Collect(_ context.Context, ref inventory.ClusterRef, _ func(scan.Progress)) (*inventory.Snapshot, error) {
	s := &inventory.Snapshot{
		Version: inventory.SnapshotVersion, CollectedAt: reporttest.At(),
		Cluster: inventory.Cluster{Ref: ref, Status: "ACTIVE", Version: "1.33", Endpoint: &inventory.Endpoint{Public: true, PublicCIDRs: []string{"0.0.0.0/0"}}},
	}
	if b.word != "complete" {
		s.Gaps = []inventory.Gap{{Section: inventory.SectionWorkloads, Reason: "unavailable", Detail: "the private endpoint cannot be reached from here"}}
	}
	return s, nil
}

// Evaluate implements cli.Evaluator.
func (b backend) Evaluate(s *inventory.Snapshot, earlier *exposure.Finding) exposure.Outcome {
	return scan.New(scan.Config{Traits: reporttest.Traits(), Policy: exposure.DefaultPolicy(), Now: reporttest.At}).Evaluate(s, earlier)
}

// Record implements cli.Evaluator.
func (b backend) Record(_ context.Context, s *inventory.Snapshot) (*exposure.Outcome, error) {
	o := b.Evaluate(s, nil)
	return &o, nil
}

func (b backend) findings() findings {
	if b.word == "empty" {
		return nil
	}
	return reporttest.Findings()
}

type findings []*exposure.Finding

// Finding implements cli.Findings.
func (f findings) Finding(_ context.Context, key string) (*exposure.Finding, error) {
	for _, one := range f {
		if key == one.ID || key == one.Cluster.Ref.Name || key == one.Cluster.Ref.String() {
			return one, nil
		}
	}
	return nil, fmt.Errorf("no finding with ID, cluster ARN or cluster name %q; `eksposure findings list` shows all: %w", key, fault.ErrNotFound)
}

// Findings implements cli.Findings; of the query it knows the severities.
func (f findings) Findings(_ context.Context, q exposure.Query) ([]*exposure.Finding, error) {
	var list []*exposure.Finding
	for _, one := range f {
		for _, s := range q.Severities {
			if s == one.Severity {
				list = append(list, one)
			}
		}
		if len(q.Severities) == 0 {
			list = append(list, one)
		}
	}
	return list, nil
}

// Profiles implements cli.Findings; everything is in the scope.
func (f findings) Profiles(_ context.Context, _ access.Scope, accounts, _ []string) ([]exposure.ProfileCount, error) {
	var list []exposure.ProfileCount
	for _, one := range f {
		if len(accounts) == 0 || slices.Contains(accounts, one.Cluster.Ref.Account) {
			list = append(list, exposure.ProfileCount{Profile: exposure.ProfileOf(one), Findings: 1})
		}
	}
	return list, nil
}

// Undecided implements cli.Findings.
func (f findings) Undecided(context.Context) ([]exposure.Undecided, error) {
	if f == nil {
		return nil, nil
	}
	private := []string{"workloads not read: the endpoint is private"}
	return []exposure.Undecided{{
		Cluster: inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "ledger"}, At: reporttest.At(),
		Traits: []exposure.UnknownTrait{{Trait: "high-priority-vulnerability", Reasons: private}, {Trait: "low-priority-vulnerability", Reasons: private}},
	}}, nil
}

// History implements cli.Findings.
func (f findings) History(context.Context, string) ([]exposure.Event, error) {
	return []exposure.Event{
		{At: reporttest.At().AddDate(0, 0, -3), Severity: exposure.Critical, Change: exposure.Change{Kind: exposure.Created, Details: []string{"severity Critical"}}},
		{At: reporttest.At(), Severity: exposure.Critical, Change: exposure.Change{Kind: exposure.Updated, Details: []string{"trait unencrypted-kubernetes-secrets: could not be read again, last known kept"}}},
	}, nil
}

type database struct{ word string }

// Status implements cli.Database.
func (d database) Status() (cli.DatabaseStatus, error) {
	if d.word == "nodb" {
		err := fmt.Errorf("no vulnerability database in \"/var/lib/eksposure\"; `eksposure db update` fetches one: %w", fault.ErrNotFound)
		return cli.DatabaseStatus{Path: "/var/lib/eksposure", Problem: "there is none", Err: err}, nil
	}
	return cli.DatabaseStatus{Path: "/var/lib/eksposure", Schema: "v6.1.10", Built: reporttest.At().AddDate(0, 0, -1), Source: "the bundled database", Valid: true}, nil
}

// Check implements cli.Database.
func (d database) Check(context.Context) (cli.DatabaseCheck, error) {
	return cli.DatabaseCheck{Newer: true, Current: reporttest.At().AddDate(0, 0, -1), Listed: reporttest.At()}, nil
}

// Update implements cli.Database.
func (d database) Update(_ context.Context, progress func(done, total int64)) (bool, error) {
	progress(1<<20, 2<<20)
	return d.word != "complete", nil
}

// Import implements cli.Database.
func (d database) Import(_ context.Context, path string) error {
	if path == "damaged.tar.zst" {
		return errors.Join(fmt.Errorf("import %q: the archive is cut short: %w", path, fault.ErrInvalid))
	}
	return nil
}

type estate struct {
	b cli.Backend
	s cli.Server
}

func (e estate) Backend() cli.Backend { return e.b }

func (e estate) Server() cli.Server { return e.s }

func (e estate) Env() []string {
	return []string{"AWS_ENDPOINT_URL=http://127.0.0.1:4566", "AWS_ACCESS_KEY_ID=AKIADEMO", "EKSPOSURE_IMAGES_MIRRORS=*=http://127.0.0.1:5000,it's=one"}
}

func (e estate) AsOf() time.Time { return reporttest.At() }

func (e estate) Close() error { return nil }
