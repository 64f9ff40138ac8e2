package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
	"github.com/eksposure/eksposure/internal/vuln"
)

// What a process remembers of images is what the database has of them, whatever was
// scanned meanwhile, and by whom.
func TestVulnerabilities(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, place string) {
		db, other := storetest.Open(t, place), storetest.Open(t, place)
		random := rand.New(rand.NewPCG(17, 3))
		scopes := []access.Scope{{}, {Accounts: []string{"111122223333"}}, {Regions: []string{"us-east-1"}}}
		records := func(db *store.DB, scope access.Scope) []inventory.VulnerabilityRecord {
			t.Helper()
			reach, err := db.Vulnerabilities(t.Context(), scope)
			if err != nil {
				t.Fatal(err)
			}
			return reach.Records(inventory.ByReach)
		}
		for round := range 30 {
			s := listedSnapshot(random, random.IntN(12))
			build := fmt.Sprint("build ", 1+round/10)
			for i := range s.Images {
				s.Images[i].Database = build
				for j := range s.Images[i].Matches { // another build knows more
					s.Images[i].Matches[j].EPSS = &vuln.EPSS{Score: float64(1+round/10) / 10}
				}
			}
			writer := db
			if round%2 == 1 {
				writer = other
			}
			recordScan(t, writer, s)
			scope := scopes[round%len(scopes)]
			fresh, err := store.Open(t.Context(), store.Config{Place: place, Now: storetest.Now})
			if err != nil {
				t.Fatal(err)
			}
			want := records(fresh, scope)
			if err := fresh.Close(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(want, records(db, scope)); diff != "" {
				t.Fatalf("round %d, %+v (-want +got):\n%s", round, scope, diff)
			}
		}
		if got := records(db, access.Scope{}); len(got) != 2 || got[0].Clusters < 4 {
			t.Errorf("in all %+v", got)
		}
	})
}

// An image is counted by the newest build of the vulnerability database, and where it
// is; what no scan sees any more is gone.
func TestVulnerabilitiesOfOneImage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i, tt := range []struct {
			why    string
			change func(*inventory.Snapshot)
			want   []inventory.VulnerabilityRecord
		}{
			{"as it is", func(*inventory.Snapshot) {}, []inventory.VulnerabilityRecord{
				{ID: "CVE-1", Severity: "Critical", KEV: true, Fixable: true, Packages: []string{"", "other"}, Images: 1, Clusters: 1, Running: 2},
				{ID: "CVE-2", Severity: "High", EPSS: &vuln.EPSS{Score: 0.5}, Packages: []string{""}, Images: 1, Clusters: 1, Running: 2},
			}},
			{"another build", func(s *inventory.Snapshot) {
				s.Images[0].Database, s.Images[0].Matches = "build 2", s.Images[0].Matches[1:2]
			}, []inventory.VulnerabilityRecord{{ID: "CVE-1", Severity: "Critical", Packages: []string{"other"}, Images: 1, Clusters: 1, Running: 2}}},
			{"nothing runs", func(s *inventory.Snapshot) { s.Workloads, s.Images = nil, nil }, []inventory.VulnerabilityRecord{}},
		} {
			s := clusterSnapshot(shop, day(i))
			tt.change(s)
			recordScan(t, db, s)
			reach, err := db.Vulnerabilities(t.Context(), access.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, reach.Records(inventory.BySeverity)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.why, diff)
			}
		}
	})
}

// BenchmarkVulnerabilities adds up the vulnerabilities of the images of a fleet, as the
// first time after a start and as each further one.
func BenchmarkVulnerabilities(b *testing.B) {
	const clusters, imagesEach, matchesEach = 50, 20, 300
	place := storetest.SQLiteFile(b)
	db := storetest.Open(b, place)
	for c := range clusters {
		s := clusterSnapshot(ref("111122223333", "eu-central-1", fmt.Sprintf("c%03d", c)), day(0))
		s.Workloads, s.Images = nil, nil
		for i := range imagesEach {
			digest := fmt.Sprintf("sha256:%04d", c*imagesEach+i)
			im := inventory.Image{Digest: digest, Repository: "registry/app", Database: "build 1"}
			for m := range matchesEach { // most come with a base image, some with the program
				id, name := m+1000*(i%5), "library"
				if m%10 == 0 {
					id, name = c*imagesEach+i, "program"
				}
				im.Matches = append(im.Matches, vuln.Match{
					ID: fmt.Sprintf("CVE-2026-%06d", id), Severity: "High", Package: vuln.Package{Name: fmt.Sprint(name, m), Version: "1.2.3", Type: "deb", Path: "/var/lib/dpkg/status", Layer: "sha256:layer"},
					CVSS: vuln.CVSS{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8}, EPSS: &vuln.EPSS{Score: 0.01, Percentile: 0.5}, Fix: vuln.FixKnown, FixedIn: []string{"1.2.4"},
					Description: "A vulnerability in a library that many images have, by which somebody who sends it what it does not expect may have it do what it should not.",
				})
			}
			s.Images = append(s.Images, im)
			s.Workloads = append(s.Workloads, inventory.Workload{Namespace: "shop", Kind: "Deployment", Name: fmt.Sprint("w", i), Running: 1, Containers: []inventory.Container{
				{Name: "c", Kind: inventory.ContainerRegular, Reference: "registry/app:1", Repository: "registry/app", Digest: digest, Running: 1},
			}})
		}
		record(b, db, evaluate(nil, s))
	}
	add := func(b *testing.B, db *store.DB) {
		b.Helper()
		reach, err := db.Vulnerabilities(b.Context(), access.Scope{})
		if err != nil {
			b.Fatal(err)
		}
		if got := reach.Records(inventory.ByReach); len(got) == 0 {
			b.Fatal("no vulnerabilities")
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			fresh := storetest.Open(b, place)
			b.StartTimer()
			add(b, fresh)
		}
	})
	b.Run("further", func(b *testing.B) {
		add(b, db)
		for b.Loop() {
			add(b, db)
		}
	})
}
