package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
	"github.com/eksposure/eksposure/internal/vuln"
)

// listedSnapshot is a cluster whose values are those of many others, or none.
func listedSnapshot(random *rand.Rand, n int) *inventory.Snapshot {
	r := ref([]string{"111122223333", "444455556666"}[n%2], []string{"eu-central-1", "us-east-1"}[n/2%2], fmt.Sprintf("c%02d", n/3))
	s := clusterSnapshot(r, day(1))
	s.Cluster.Version = []string{"1.9", "1.31", "1.32", ""}[random.IntN(4)]
	s.Cluster.Tags = map[string]string{"Team": []string{"Shop", "bank"}[random.IntN(2)]}
	s.Cluster.Endpoint = []*inventory.Endpoint{nil, {Public: true}, {Private: true}}[random.IntN(3)]
	if random.IntN(2) == 0 {
		s.Cluster.Tags["internet-reachable"] = "contributing a"
	}
	if random.IntN(3) == 0 {
		s.Gaps = append(s.Gaps, inventory.Gap{Section: inventory.SectionNodes, Reason: "denied", Detail: "nodes: denied"})
	}
	for i := range random.IntN(4) {
		s.Nodes = append(s.Nodes, inventory.Node{Name: fmt.Sprint("n", i)})
	}
	s.Workloads[1].Containers[0].Running = random.IntN(3)
	for i := range s.Workloads[1].Containers {
		c := &s.Workloads[1].Containers[i]
		c.Digest = fmt.Sprintf("sha256:%02d", random.IntN(12))
		c.Repository = []string{"registry/web", "registry/db"}[c.Digest[8]%2]
	}
	s.Images = nil
	for _, c := range s.Workloads[1].Containers {
		number := int(c.Digest[8] - '0')
		if number%5 == 0 || slices.ContainsFunc(s.Images, func(i inventory.Image) bool { return i.Digest == c.Digest }) {
			continue // nobody could read it
		}
		im := inventory.Image{Digest: c.Digest, Repository: c.Repository, Database: "build 1"}
		if number%2 == 0 {
			im.OS = vuln.OS{ID: "debian", Version: strconv.Itoa(10 + number%4)}
			if number == 8 {
				im.OS.ID = "odd\x00" // as a built image may say
			}
			im.CreatedAt = day(number % 3)
		}
		for i := range number % 3 {
			im.Matches = append(im.Matches, vuln.Match{ID: fmt.Sprint("CVE-", i), Severity: []string{"Critical", "High"}[i%2], KEV: number == 7})
		}
		s.Images = append(s.Images, im)
	}
	return s
}

func clusterWalk(t *testing.T, db *store.DB, scope access.Scope, q exposure.ClusterQuery, between func()) []exposure.ClusterRecord {
	t.Helper()
	var list []exposure.ClusterRecord
	for {
		page, err := db.ClusterRecords(t.Context(), scope, q)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page.Records...)
		if q.After = page.Next; q.After == nil {
			return list
		}
		if len(page.Records) != q.Limit || len(list) > 1000 {
			t.Fatalf("%+v: a page of %d before the last, %d in all", q, len(page.Records), len(list))
		}
		if between != nil {
			between()
		}
	}
}

func imageWalk(t *testing.T, db *store.DB, scope access.Scope, q inventory.ImageQuery) []inventory.ImageRecord {
	t.Helper()
	var list []inventory.ImageRecord
	for {
		page, err := db.ImageRecords(t.Context(), scope, q)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page.Records...)
		if q.After = page.Next; q.After == nil {
			return list
		}
		if len(page.Records) != q.Limit || len(list) > 1000 {
			t.Fatalf("%+v: a page of %d before the last, %d in all", q, len(page.Records), len(list))
		}
	}
}

// value is what a list is sorted by; what has none comes last in both directions.
type value[T any] struct {
	of    func(T) (n int64, text string)
	known func(T) bool
}

func number[T any](of func(T) int) value[T] {
	return value[T]{of: func(r T) (int64, string) { return int64(of(r)), "" }, known: func(T) bool { return true }}
}

func text[T any](of func(T) string) value[T] {
	return value[T]{of: func(r T) (int64, string) { return 0, of(r) }, known: func(r T) bool { return of(r) != "" }}
}

// sorted sorts as a list is to be.
func sorted[T any](list []T, by value[T], tie func(a, b T) int, descending bool) []T {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b T) int {
		an, at := by.of(a)
		bn, bt := by.of(b)
		if by.known(a) != by.known(b) {
			if by.known(a) {
				return -1
			}
			return 1
		}
		order := cmp.Or(cmp.Compare(an, bn), cmp.Compare(at, bt), tie(a, b))
		if descending {
			return -order
		}
		return order
	})
	return list
}

func clusterValues() map[exposure.ClusterOrder]value[exposure.ClusterRecord] {
	type record = exposure.ClusterRecord
	severities := []string{"Low", "Medium", "High", "Critical"}
	nodes := number(func(r record) int { return *cmp.Or(r.Cluster.Nodes, new(-1)) })
	nodes.known = func(r record) bool { return r.Cluster.Nodes != nil }
	return map[exposure.ClusterOrder]value[record]{
		exposure.ClustersByName: number(func(record) int { return 0 }),
		exposure.ClustersByVersion: text(func(r record) string {
			if r.Cluster.Version == "1.9" {
				return "1.09"
			}
			return r.Cluster.Version
		}),
		exposure.ClustersByEndpoint: number(func(r record) int {
			if r.Cluster.Endpoint != nil && r.Cluster.Endpoint.Public {
				return 1
			}
			return 0
		}),
		exposure.ClustersByEncryption: text(func(r record) string { return string(r.Encryption) }),
		exposure.ClustersByNodes:      nodes,
		exposure.ClustersByExposure: number(func(r record) int {
			if r.Finding == nil {
				return -1
			}
			return slices.Index(severities, r.Finding.Severity)
		}),
		exposure.ClustersByScan:     number(func(r record) int { return int(r.ScannedAt.UnixMilli()) }),
		exposure.ClustersByCoverage: number(func(r record) int { return len(r.Gaps) + len(r.Unknown) }),
	}
}

func clusterNames(list []exposure.ClusterRecord) []string {
	var names []string
	for _, r := range list {
		names = append(names, r.Cluster.Ref.String())
	}
	return names
}

func byClusterName(a, b exposure.ClusterRecord) int {
	return cmp.Or(cmp.Compare(a.Cluster.Ref.Name, b.Cluster.Ref.Name), cmp.Compare(a.Cluster.Ref.String(), b.Cluster.Ref.String()))
}

func TestClusterOrders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(17, 1))
		for n := range 40 {
			recordScan(t, db, listedSnapshot(random, n))
		}
		scoped := access.Scope{Accounts: []string{"111122223333"}}
		for order, by := range clusterValues() {
			for _, descending := range []bool{false, true} {
				for limit, scope := range map[int]access.Scope{7: {}, 100: {}, 3: scoped} {
					all := clusterWalk(t, db, scope, exposure.ClusterQuery{Limit: 100}, nil)
					q := exposure.ClusterQuery{Order: order, Descending: descending, Limit: limit}
					want := clusterNames(sorted(all, by, byClusterName, descending))
					if diff := gocmp.Diff(want, clusterNames(clusterWalk(t, db, scope, q, nil))); diff != "" || len(want) < 20 {
						t.Errorf("by %s, descending %t, %d at once, %d in all (-want +got):\n%s", order, descending, limit, len(want), diff)
					}
				}
			}
		}
		for _, order := range exposure.ClusterOrders() {
			if _, met := clusterValues()[order]; !met {
				t.Errorf("nothing tells how clusters are sorted by %s", order)
			}
		}
	})
}

// Filters and the total are of all pages; nothing outside of the scope is counted.
func TestClusterFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(17, 2))
		for n := range 40 {
			recordScan(t, db, listedSnapshot(random, n))
		}
		all := clusterWalk(t, db, access.Scope{}, exposure.ClusterQuery{Limit: 100}, nil)
		in := func(part string) func(exposure.ClusterRecord) bool {
			return func(r exposure.ClusterRecord) bool { return strings.Contains(r.Cluster.Ref.String(), part) }
		}
		for _, test := range []struct {
			name  string
			scope access.Scope
			q     exposure.ClusterQuery
			want  func(exposure.ClusterRecord) bool
		}{
			{"all", access.Scope{}, exposure.ClusterQuery{}, in("")},
			{"a scope", access.Scope{Regions: []string{"us-east-1"}}, exposure.ClusterQuery{}, in("us-east-1")},
			{"an account", access.Scope{}, exposure.ClusterQuery{Accounts: []string{"444455556666"}}, in("444455556666")},
			{"a name", access.Scope{}, exposure.ClusterQuery{Words: []string{"c07"}}, in("c07")},
			{"two words", access.Scope{}, exposure.ClusterQuery{Words: []string{"us-east", "1111"}}, in("us-east-1:111122223333")},
			{"a tag", access.Scope{}, exposure.ClusterQuery{Words: []string{"shop"}}, func(r exposure.ClusterRecord) bool { return r.Cluster.Tags["Team"] == "Shop" }},
			{"a version", access.Scope{}, exposure.ClusterQuery{Words: []string{"1.31"}}, func(r exposure.ClusterRecord) bool { return r.Cluster.Version == "1.31" }},
			{"nothing is special", access.Scope{}, exposure.ClusterQuery{Words: []string{"%"}}, func(exposure.ClusterRecord) bool { return false }},
			{"what could not be read", access.Scope{}, exposure.ClusterQuery{Incomplete: true}, func(r exposure.ClusterRecord) bool { return len(r.Gaps)+len(r.Unknown) > 0 }},
		} {
			want := clusterNames(slices.DeleteFunc(slices.Clone(all), func(r exposure.ClusterRecord) bool { return !test.want(r) }))
			test.q.Limit, test.q.Total = 5, true
			page, err := db.ClusterRecords(t.Context(), test.scope, test.q)
			if err != nil || page.Total != len(want) {
				t.Errorf("%s: %d in all, want %d: %v", test.name, page.Total, len(want), err)
			}
			if diff := gocmp.Diff(want, clusterNames(clusterWalk(t, db, test.scope, test.q, nil))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
		counted := map[string]int{}
		for _, r := range all {
			counted[r.Cluster.Ref.Account+" "+r.Cluster.Ref.Region]++
		}
		places, err := db.Places(t.Context(), access.Scope{Accounts: []string{"444455556666"}})
		if err != nil || len(places) != 2 {
			t.Fatalf("places %+v: %v", places, err)
		}
		for _, p := range places {
			if p.Account != "444455556666" || p.Clusters != counted[p.Account+" "+p.Region] {
				t.Errorf("place %+v, want %v", p, counted)
			}
		}
	})
}

// Who walks through the pages gets everything that stayed once, whatever comes, goes
// and changes meanwhile.
func TestClusterPagesWhileRowsChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(17, 3))
		for n := range 30 {
			recordScan(t, db, listedSnapshot(random, n))
		}
		stays := map[string]int{}
		for _, r := range clusterWalk(t, db, access.Scope{}, exposure.ClusterQuery{Limit: 100}, nil) {
			stays[r.Cluster.Ref.String()] = 1
		}
		n := 0
		got := clusterWalk(t, db, access.Scope{}, exposure.ClusterQuery{Order: exposure.ClustersByNodes, Descending: true, Limit: 4}, func() {
			recordScan(t, db, listedSnapshot(random, 100+n)) // comes
			left := listedSnapshot(random, n).Cluster.Ref
			record(t, db, exposure.Outcome{Cluster: left, Change: exposure.Change{Kind: exposure.NoFinding}})
			changed := listedSnapshot(random, n+1)
			changed.Nodes = slices.Repeat([]inventory.Node{{Name: "n"}}, 1+random.IntN(9))
			recordScan(t, db, changed)
			delete(stays, left.String())
			delete(stays, changed.Cluster.Ref.String())
			n += 2
		})
		seen := map[string]int{}
		for _, name := range clusterNames(got) {
			seen[name]++
		}
		for name := range stays {
			if seen[name] != 1 {
				t.Errorf("%s came %d times", name, seen[name])
			}
		}
		if len(stays) < 10 || n < 10 {
			t.Errorf("%d stayed through %d changes", len(stays), n)
		}
	})
}

// What somebody sets on a finding is what its cluster is listed and sorted by, before
// the next scan and after it.
func TestClusterListFollowsOverrides(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		exposed := clusterSnapshot(shop, day(1))
		exposed.Cluster.Tags = map[string]string{"internet-reachable": "contributing a"}
		found := recordScan(t, db, exposed)
		recordScan(t, db, clusterSnapshot(ref("444455556666", "us-east-1", "bank"), day(1)))
		set := func(o *exposure.Override) {
			t.Helper()
			if err := db.SetOverride(t.Context(), found.ID, func(*exposure.Finding) (*exposure.Override, error) { return o, nil }); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(why, severity string, status exposure.Status) {
			t.Helper()
			page, err := db.ClusterRecords(t.Context(), access.Scope{}, exposure.ClusterQuery{Order: exposure.ClustersByExposure, Descending: true, Limit: 1})
			if err != nil || len(page.Records) != 1 {
				t.Fatal(err)
			}
			want := &exposure.FindingBrief{ID: found.ID, Severity: severity, Status: status, Open: true}
			if diff := gocmp.Diff(want, page.Records[0].Finding); diff != "" {
				t.Errorf("%s (-want +got):\n%s", why, diff)
			}
		}
		set(&exposure.Override{Severity: "Fatal", Status: exposure.StatusInProgress, By: "ada", Facts: found.Facts()})
		expect("set", "Fatal", exposure.StatusInProgress)
		recordScan(t, db, exposed)
		expect("set, and scanned again", "Fatal", exposure.StatusInProgress)
		set(nil)
		expect("lifted", string(found.Severity), exposure.StatusNew)
	})
}

func imageValues() map[inventory.ImageOrder]value[inventory.ImageRecord] {
	type record = inventory.ImageRecord
	counted := func(of func(*inventory.ImageCounts) int) value[record] {
		return value[record]{
			of: func(r record) (int64, string) {
				if r.Counts == nil {
					return 0, ""
				}
				return int64(of(r.Counts)), ""
			},
			known: func(r record) bool { return r.Counts != nil },
		}
	}
	return map[inventory.ImageOrder]value[record]{
		inventory.ImagesByDigest:     number(func(record) int { return 0 }),
		inventory.ImagesByRepository: text(func(r record) string { return r.Repository }),
		inventory.ImagesByOS:         text(func(r record) string { return r.OS }),
		inventory.ImagesByCreation: text(func(r record) string {
			if r.CreatedAt.IsZero() {
				return ""
			}
			return r.CreatedAt.Format(time.RFC3339)
		}),
		inventory.ImagesByCritical: counted(func(c *inventory.ImageCounts) int { return c.Critical }),
		inventory.ImagesByHigh:     counted(func(c *inventory.ImageCounts) int { return c.High }),
		inventory.ImagesByKEV:      counted(func(c *inventory.ImageCounts) int { return c.KEV }),
		inventory.ImagesByClusters: number(func(r record) int { return r.Clusters }),
		inventory.ImagesByRunning:  number(func(r record) int { return r.Running }),
	}
}

// The totals that are kept for all clusters are those that are counted for a scope
// that has all of them, through scans, clusters that go and come back, and prunes.
func TestImageOrders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(17, 4))
		everywhere := access.Scope{Regions: []string{"eu-central-1", "us-east-1"}}
		for range 60 {
			s := listedSnapshot(random, random.IntN(20))
			if random.IntN(4) > 0 {
				recordScan(t, db, s)
				continue
			}
			record(t, db, exposure.Outcome{Cluster: s.Cluster.Ref, Change: exposure.Change{Kind: exposure.NoFinding}})
			if random.IntN(5) == 0 {
				if _, err := db.PruneImages(t.Context(), "build 1", day(-1)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for order, by := range imageValues() {
			for _, descending := range []bool{false, true} {
				for limit, scope := range map[int]access.Scope{2: {}, 3: everywhere, 4: {Accounts: []string{"111122223333"}}} {
					q := inventory.ImageQuery{Limit: 100, Total: true}
					all, err := db.ImageRecords(t.Context(), scope, q)
					if err != nil || all.Total != len(all.Records) || all.Total < 5 {
						t.Fatalf("%d images of %d: %v", len(all.Records), all.Total, err)
					}
					want := sorted(all.Records, by, func(a, b inventory.ImageRecord) int { return cmp.Compare(a.Digest, b.Digest) }, descending)
					q.Order, q.Descending, q.Limit = order, descending, limit
					if diff := gocmp.Diff(want, imageWalk(t, db, scope, q)); diff != "" {
						t.Errorf("by %s, descending %t, in %+v (-want +got):\n%s", order, descending, scope, diff)
					}
				}
			}
		}
		kept, counted := imageWalk(t, db, access.Scope{}, inventory.ImageQuery{Limit: 100}), imageWalk(t, db, everywhere, inventory.ImageQuery{Limit: 100})
		if diff := gocmp.Diff(counted, kept); diff != "" {
			t.Errorf("totals (-counted +kept):\n%s", diff)
		}
		for _, q := range []inventory.ImageQuery{{Running: true}, {Unread: true}, {Words: []string{"db", "sha256:0"}}, {Repository: "/web"}} {
			q.Limit, q.Total = 3, true
			page, err := db.ImageRecords(t.Context(), access.Scope{}, q)
			if err != nil || page.Total == 0 || page.Total == len(kept) {
				t.Errorf("%+v selects %d of %d: %v", q, page.Total, len(kept), err)
			}
			want := slices.DeleteFunc(slices.Clone(kept), func(r inventory.ImageRecord) bool {
				is := strings.Contains(r.Repository, q.Repository) && (!q.Unread || !r.Read) && (!q.Running || r.Running > 0)
				for _, word := range q.Words {
					is = is && strings.Contains(r.Repository+" "+r.Digest, word)
				}
				return !is
			})
			if diff := gocmp.Diff(want, imageWalk(t, db, access.Scope{}, q)); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", q, diff)
			}
		}
	})
}
