package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/vuln"
)

func day(n int) time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func open(tb testing.TB, path string) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), store.Config{Path: path, Now: func() time.Time { return day(0) }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func temp(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "data", "eksposure.db")
}

func ref(account, region, name string) inventory.ClusterRef {
	return inventory.ClusterRef{Partition: "aws", Account: account, Region: region, Name: name}
}

func outcome(r inventory.ClusterRef, severity exposure.Severity, kind exposure.ChangeKind, traits ...string) exposure.Outcome {
	f := &exposure.Finding{
		Title: "Potential Initial Access: " + r.Name, Status: exposure.StatusNew, Activity: exposure.Create, Severity: severity,
		Cluster: exposure.Cluster{Ref: r, Tags: map[string]string{"team": "shop"}}, FirstSeen: day(0), LastSeen: day(1), CreatedAt: day(0), ModifiedAt: day(1),
	}
	f.ID, f.UID = exposure.Identity(r)
	for _, id := range traits {
		id, standing, _ := strings.Cut(id, "=")
		if standing == "" {
			standing = string(exposure.Contributing)
		}
		f.Traits = append(f.Traits, exposure.TraitState{ID: id, Standing: exposure.Standing(standing), Evidence: []exposure.Evidence{{Summary: "because", Image: &exposure.ImageEvidence{MaxEPSS: new(0.5)}}}})
	}
	if kind == exposure.Closed {
		f.Activity, f.Status = exposure.Close, exposure.StatusResolved
	}
	return exposure.Outcome{Cluster: r, Finding: f, Change: exposure.Change{Kind: kind, Details: []string{"severity " + string(severity)}}}
}

func record(tb testing.TB, db *store.DB, outcomes ...exposure.Outcome) {
	tb.Helper()
	for _, o := range outcomes {
		if err := db.Record(tb.Context(), o); err != nil {
			tb.Fatal(err)
		}
	}
}

var shop = ref("111122223333", "eu-central-1", "shop")

func TestFindingRoundTrip(t *testing.T) {
	path := temp(t)
	db := open(t, path)
	o := outcome(shop, exposure.High, exposure.Created, "internet-reachable", "high-priority-vulnerability=unknown")
	record(t, db, o, exposure.Outcome{Cluster: ref("111122223333", "eu-central-1", "clean"), Change: exposure.Change{Kind: exposure.NoFinding}})
	again := open(t, path)
	for _, key := range []string{o.Finding.ID, o.Finding.UID, shop.String(), "shop"} {
		got, err := again.Finding(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(o.Finding, got); diff != "" {
			t.Errorf("by %q (-want +got):\n%s", key, diff)
		}
	}
	if got, err := again.Earlier(t.Context(), shop); err != nil || cmp.Diff(o.Finding, got) != "" {
		t.Errorf("Earlier = %v, %v", got, err)
	}
	if got, err := again.Earlier(t.Context(), ref("111122223333", "eu-central-1", "clean")); err != nil || got != nil {
		t.Errorf("Earlier of a clean cluster = %v, %v", got, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file must be private: %v, %v", info.Mode(), err)
	}
}

func TestFindingByNameOfSeveral(t *testing.T) {
	db := open(t, temp(t))
	other := ref("444455556666", "eu-central-1", "shop")
	record(t, db, outcome(shop, exposure.High, exposure.Created), outcome(other, exposure.Low, exposure.Created))
	if _, err := db.Finding(t.Context(), "shop"); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), other.String()) {
		t.Errorf("an ambiguous name: %v", err)
	}
	if _, err := db.Finding(t.Context(), "nosuch"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown name: %v", err)
	}
}

// A second scan updates the one record; only changes make history.
func TestHistory(t *testing.T) {
	db := open(t, temp(t))
	created := outcome(shop, exposure.High, exposure.Created, "internet-reachable")
	unchanged := outcome(shop, exposure.High, exposure.Unchanged, "internet-reachable")
	unchanged.Finding.LastSeen = day(5)
	updated := outcome(shop, exposure.Medium, exposure.Updated)
	updated.Finding.ModifiedAt = day(6)
	closed := outcome(shop, exposure.Medium, exposure.Closed)
	closed.Finding.ModifiedAt = day(7)
	record(t, db, created, unchanged)
	if f, err := db.Finding(t.Context(), "shop"); err != nil || !f.LastSeen.Equal(day(5)) {
		t.Fatalf("after an unchanged scan: %v, %v", f, err)
	}
	record(t, db, updated, closed)
	events, err := db.History(t.Context(), created.Finding.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []exposure.Event{
		{At: day(1), Severity: exposure.High, Change: created.Change},
		{At: day(6), Severity: exposure.Medium, Change: updated.Change},
		{At: day(7), Severity: exposure.Medium, Change: closed.Change},
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if refs, err := db.OpenClusters(t.Context()); err != nil || len(refs) != 0 {
		t.Errorf("open clusters %v, %v", refs, err)
	}
}

// SQL and a plain filter in memory select the same findings in the same order.
func TestQueries(t *testing.T) {
	db := open(t, temp(t))
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	accounts, regions := []string{"111122223333", "444455556666", "777788889999"}, []string{"eu-central-1", "us-east-1"}
	traits := []string{"internet-reachable", "unsupported-kubernetes-version", "low-priority-vulnerability"}
	var all []*exposure.Finding
	for i := range 60 {
		var has []string
		for _, id := range traits {
			if standing := pick("", "", "=contributing", "=contextual", "=unknown"); standing != "" {
				has = append(has, id+standing)
			}
		}
		kind := exposure.ChangeKind(pick("created", "updated", "closed"))
		o := outcome(ref(pick(accounts...), pick(regions...), "c"+strconv.Itoa(i)), exposure.Severities()[random.IntN(4)], kind, has...)
		if kind != exposure.Closed {
			o.Finding.Status = exposure.Status(pick("New", "In Progress", "Suppressed"))
		}
		record(t, db, o)
		all = append(all, o.Finding)
	}
	slices.SortFunc(all, exposure.Compare)
	some := func(list []string) []string {
		var out []string
		for _, v := range list {
			if random.IntN(2) == 0 {
				out = append(out, v)
			}
		}
		return out
	}
	for range 300 {
		q := exposure.Query{Accounts: some(accounts), Regions: some(regions), Traits: some(traits[:1+random.IntN(2)]), Closed: random.IntN(2) == 0, Limit: random.IntN(20)}
		if random.IntN(2) == 0 {
			q.Severities = []exposure.Severity{exposure.High, exposure.Low}
			q.Statuses = []exposure.Status{exposure.StatusNew, exposure.StatusResolved}
		}
		if random.IntN(4) == 0 {
			q.Clusters = []string{"c1", "c7", all[3].Cluster.Ref.String()}
		}
		got, err := db.Findings(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(clusters(selected(all, q)), clusters(got)); diff != "" {
			t.Fatalf("query %+v (-want +got):\n%s", q, diff)
		}
	}
}

func selected(all []*exposure.Finding, q exposure.Query) []*exposure.Finding {
	var out []*exposure.Finding
	for _, f := range all {
		has := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
		named := len(q.Clusters) == 0 || slices.Contains(q.Clusters, f.Cluster.Ref.Name) || slices.Contains(q.Clusters, f.Cluster.Ref.String())
		trait := len(q.Traits) == 0 || slices.ContainsFunc(f.Traits, func(s exposure.TraitState) bool {
			return s.Standing == exposure.Contributing && slices.Contains(q.Traits, s.ID)
		})
		if named && trait && has(q.Accounts, f.Cluster.Ref.Account) && has(q.Regions, f.Cluster.Ref.Region) && (q.Closed || f.Open()) &&
			(len(q.Severities) == 0 || slices.Contains(q.Severities, f.Severity)) && (len(q.Statuses) == 0 || slices.Contains(q.Statuses, f.Status)) {
			out = append(out, f)
		}
	}
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out
}

func clusters(list []*exposure.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.Cluster.Ref.String())
	}
	return out
}

func TestImages(t *testing.T) {
	db := open(t, temp(t))
	im := inventory.Image{Digest: "sha256:1", Repository: "registry/shop", Platform: "linux/amd64", Layers: []inventory.Layer{{DiffID: "sha256:a", Size: 5}}, Packages: 2}
	sbom := vuln.SBOM{ImageDigest: "sha256:1", Tool: "syft 1", Format: "syft-json", OS: vuln.OS{ID: "debian", Version: "11"}, Packages: 2, Document: bytes.Repeat([]byte(`{"a":1}`), 10000)}
	if _, _, ok, err := db.SBOM(t.Context(), "sha256:1", "syft 1"); ok || err != nil {
		t.Fatalf("before: %v, %v", ok, err)
	}
	if err := db.PutSBOM(t.Context(), im, sbom); err != nil {
		t.Fatal(err)
	}
	gotImage, gotSBOM, ok, err := db.SBOM(t.Context(), "sha256:1", "syft 1")
	if !ok || err != nil || cmp.Diff(im, gotImage) != "" || cmp.Diff(sbom, gotSBOM) != "" {
		t.Errorf("SBOM = %v, %v\n%s%s", ok, err, cmp.Diff(im, gotImage), cmp.Diff(sbom, gotSBOM))
	}
	if _, _, ok, err := db.SBOM(t.Context(), "sha256:1", "syft 2"); ok || err != nil {
		t.Errorf("an SBOM of another tool version must not be used: %v, %v", ok, err)
	}
	report := vuln.Report{Database: "b1", OS: sbom.OS, Matches: []vuln.Match{{ID: "CVE-1", EPSS: &vuln.EPSS{Score: 0.3}}, {ID: "CVE-2"}}}
	if err := db.PutMatches(t.Context(), "sha256:1", report); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := db.Matches(t.Context(), "sha256:1", "b1"); !ok || err != nil || cmp.Diff(report, got) != "" {
		t.Errorf("Matches = %v, %v\n%s", ok, err, cmp.Diff(report, got))
	}
	report.Database = "b2"
	if err := db.PutMatches(t.Context(), "sha256:1", report); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := db.Matches(t.Context(), "sha256:1", "b1"); ok || err != nil {
		t.Errorf("matches of an earlier build must not be kept: %v, %v", ok, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	write := func(data []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	statement := func(sqlText string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			if _, err := db.ExecContext(t.Context(), sqlText); err != nil {
				t.Fatal(err)
			}
		}
	}
	ours := func(then func(*testing.T, string)) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			db, err := store.Open(t.Context(), store.Config{Path: path, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 200 {
				record(t, db, outcome(ref("111122223333", "eu-central-1", "c"+strconv.Itoa(i)), exposure.Low, exposure.Created))
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			then(t, path)
		}
	}
	tests := []struct {
		name  string
		make  func(*testing.T, string)
		says  string
		fault error
	}{
		{"text", write([]byte("these are my notes, do not lose them")), "no SQLite file", fault.ErrInvalid},
		{"header and garbage", write(append([]byte("SQLite format 3\x00"), bytes.Repeat([]byte{0xde, 0xad}, 4096)...)), "another program", fault.ErrInvalid},
		{"another program's", statement(`CREATE TABLE recipes (name TEXT)`), "another program", fault.ErrInvalid},
		{"newer", ours(statement(`INSERT INTO migrations VALUES (99, 'x', 0)`)), "newer eksposure", fault.ErrInvalid},
		{"truncated", ours(func(t *testing.T, path string) {
			t.Helper()
			if err := os.Truncate(path, 5000); err != nil {
				t.Fatal(err)
			}
		}), "damaged", fault.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "eksposure.db")
			test.make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			db, err := store.Open(t.Context(), store.Config{Path: path, Now: time.Now})
			if err == nil {
				_, err = db.Findings(t.Context(), exposure.Query{})
				_ = db.Close()
			}
			if !errors.Is(err, test.fault) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open = %v", err)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the refused file was changed (%v)", err)
			}
		})
	}
}

// A page damaged in the middle is found when it is read, and said.
func TestDamagedPage(t *testing.T) {
	path := temp(t)
	db := open(t, path)
	for i := range 300 {
		record(t, db, outcome(ref("111122223333", "eu-central-1", "c"+strconv.Itoa(i)), exposure.Low, exposure.Created, "internet-reachable"))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := f.Stat()
	for at := int64(8192); at < info.Size(); at += 4096 {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, 2048), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	damaged, err := store.Open(t.Context(), store.Config{Path: path, Now: time.Now})
	if err == nil {
		defer func() { _ = damaged.Close() }()
		_, err = damaged.Findings(t.Context(), exposure.Query{Closed: true})
	}
	if !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("reading a damaged file: %v", err)
	}
}

func TestReadOnlyPlaces(t *testing.T) {
	if os.Getuid() != 0 {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), store.Config{Path: filepath.Join(dir, "e.db"), Now: time.Now}); !errors.Is(err, fault.ErrDenied) {
			t.Errorf("a directory that is not writable: %v", err)
		}
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{Path: filepath.Join(blocked, "e.db"), Now: time.Now}); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("a directory that is a file: %v", err)
	}
}

// The child processes of the tests below: what they do is named by the variable.
func TestMain(m *testing.M) {
	path := os.Getenv("STORE_TEST_CHILD")
	if path == "" {
		os.Exit(m.Run())
	}
	if limit, err := strconv.ParseUint(os.Getenv("STORE_TEST_LIMIT"), 10, 64); err == nil {
		// A write past the limit then fails as on a full disk; the signal it also
		// sends would end the process before the error is seen.
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			panic(err)
		}
	}
	db, err := store.Open(context.Background(), store.Config{Path: path, Now: time.Now})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		o := outcome(ref("111122223333", "eu-central-1", fmt.Sprintf("c%d", i)), exposure.Low, exposure.Created, "internet-reachable")
		o.Finding.Description = noise(i)
		if err := db.Record(context.Background(), o); err != nil {
			fmt.Printf("error %v\n", err)
			os.Exit(fault.Of(err).ExitCode)
		}
		fmt.Println(i)
	}
}

// noise is text that does not compress away.
func noise(seed int) string {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	data := make([]byte, 3000)
	for i := range data {
		data[i] = byte(32 + r.IntN(90))
	}
	return string(data)
}

// What Record reported as done is there after the process is killed.
func TestKilledProcessLosesNothing(t *testing.T) {
	path := temp(t)
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "STORE_TEST_CHILD="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	last := -1
	buffer := make([]byte, 4096)
	var seen strings.Builder
	for last < 200 {
		n, err := out.Read(buffer)
		if err != nil {
			t.Fatalf("child ended early: %v\n%s", err, seen.String())
		}
		seen.Write(buffer[:n])
		lines := strings.Split(seen.String(), "\n")
		if len(lines) > 1 {
			if last, err = strconv.Atoi(lines[len(lines)-2]); err != nil {
				t.Fatalf("child says %q", lines[len(lines)-2])
			}
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	db := open(t, path)
	found, err := db.Findings(t.Context(), exposure.Query{})
	if err != nil || len(found) <= last {
		t.Fatalf("%d findings, child reported %d: %v", len(found), last+1, err)
	}
	for i := range last + 1 {
		f, err := db.Finding(t.Context(), "c"+strconv.Itoa(i))
		if err != nil || f.Description != noise(i) {
			t.Fatalf("finding %d: %v", i, err)
		}
		if events, err := db.History(t.Context(), f.ID); err != nil || len(events) != 1 {
			t.Fatalf("history of %d: %v, %v", i, events, err)
		}
	}
	record(t, db, outcome(shop, exposure.Low, exposure.Created))
}

func TestFullDisk(t *testing.T) {
	path := temp(t)
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "STORE_TEST_CHILD="+path, "STORE_TEST_LIMIT="+strconv.Itoa(1<<20))
	out, err := child.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != fault.Of(fault.ErrUnavailable).ExitCode {
		t.Fatalf("child: %v\n%s", err, tail(out))
	}
	if !strings.Contains(string(out), path) {
		t.Errorf("the error does not name the file: %s", tail(out))
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	db := open(t, path)
	found, err := db.Findings(t.Context(), exposure.Query{})
	if err != nil || len(found) < len(lines)-1 || len(found) < 10 {
		t.Errorf("%d findings are left of %d: %v", len(found), len(lines)-1, err)
	}
}

func tail(out []byte) string { return string(out[max(0, len(out)-500):]) }

func TestReadersDoNotWait(t *testing.T) {
	db := open(t, temp(t))
	record(t, db, outcome(shop, exposure.Low, exposure.Created))
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 50 {
				if err := db.Record(t.Context(), outcome(ref("111122223333", "us-east-1", fmt.Sprintf("w%d-%d", w, i)), exposure.High, exposure.Created, "internet-reachable")); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				if _, err := db.Findings(t.Context(), exposure.Query{Regions: []string{"eu-central-1"}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	found, err := db.Findings(t.Context(), exposure.Query{})
	if err != nil || len(found) != 201 {
		t.Errorf("%d findings, %v", len(found), err)
	}
}

// An interrupted write leaves nothing behind.
func TestCancelledRecord(t *testing.T) {
	db := open(t, temp(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Record(ctx, outcome(shop, exposure.Low, exposure.Created)); !errors.Is(err, context.Canceled) {
		t.Errorf("Record = %v", err)
	}
	if found, err := db.Findings(t.Context(), exposure.Query{}); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func BenchmarkRecord(b *testing.B) {
	db := open(b, temp(b))
	o := outcome(shop, exposure.High, exposure.Created, "internet-reachable", "low-priority-vulnerability")
	o.Finding.Description = strings.Repeat("The EKS cluster shop in account 111122223333 has 3 contributing traits. ", 400)
	document, err := json.Marshal(o.Finding)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(document)))
	for i := 0; b.Loop(); i++ {
		o.Finding.Cluster.Ref.Name = "c" + strconv.Itoa(i)
		o.Finding.ID, o.Finding.UID = exposure.Identity(o.Finding.Cluster.Ref)
		if err := db.Record(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
}
