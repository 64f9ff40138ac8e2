package schedule_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/schedule"
)

const interval = 6 * time.Hour

// serve runs a server on the shared database until the returned function is called.
func serve(t *testing.T, m *memory, f *fleet, name string, change func(*schedule.Config)) (*schedule.Service, func()) {
	t.Helper()
	c := schedule.Config{
		Scanner: server{f, name}, Clusters: m, Queue: m, Leases: m, Objects: m, Holder: name,
		Interval: interval, Parallel: 4, Now: time.Now,
	}
	if change != nil {
		change(&c)
	}
	s, err := schedule.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	return s, func() {
		cancel()
		<-ended
	}
}

// each wants every cluster scanned so often.
func each(t *testing.T, f *fleet, least, most int) {
	t.Helper()
	n := f.count()
	for _, ref := range f.clusters {
		if got := n[ref.Name]; got < least || got > most {
			t.Errorf("%s was scanned %d times, want %d to %d", ref.Name, got, least, most)
		}
	}
	if f.both {
		t.Error("a cluster was scanned twice at once")
	}
}

func TestPeriodicScans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(20)
		_, stop := serve(t, m, f, "one", nil)
		time.Sleep(10 * time.Minute)
		each(t, f, 1, 1)
		f.mu.Lock()
		if f.most != 4 {
			t.Errorf("%d clusters at the same time, want 4", f.most)
		}
		f.mu.Unlock()
		time.Sleep(24 * time.Hour)
		each(t, f, 4, 5)
		f.mu.Lock()
		if f.discoveries < 4 || f.discoveries > 6 || f.tidied != f.discoveries {
			t.Errorf("%d discoveries, %d followed by tidying, in a day", f.discoveries, f.tidied)
		}
		f.mu.Unlock()
		stop()
	})
}

// Clusters that were found together drift apart.
func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(50)
		f.takes = time.Second
		_, stop := serve(t, m, f, "one", func(c *schedule.Config) { c.Parallel = 50 })
		time.Sleep(time.Minute)
		stop()
		var first, last time.Time
		for _, r := range m.rows {
			if first.IsZero() || r.Next.Before(first) {
				first = r.Next
			}
			if r.Next.After(last) {
				last = r.Next
			}
		}
		if d := last.Sub(first); d < interval/20 || d > interval/4 {
			t.Errorf("the next scans lie within %s", d)
		}
	})
}

func TestServersShareTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(60)
		_, stopOne := serve(t, m, f, "one", nil)
		_, stopTwo := serve(t, m, f, "two", nil)
		time.Sleep(30 * time.Minute)
		each(t, f, 1, 1)
		by := map[string]int{}
		for _, s := range f.scans {
			by[s.by]++
		}
		if by["one"] < 15 || by["two"] < 15 {
			t.Errorf("scans by server: %v", by)
		}
		f.mu.Lock()
		if f.discoveries != 1 {
			t.Errorf("%d discoveries, want 1 for both", f.discoveries)
		}
		f.mu.Unlock()
		stopOne()
		stopTwo()
	})
}

// A server that ends hands its scans back; another one takes them at once. What a
// killed one held is taken when its lease ends.
func TestHandedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(2)
		f.takes = 10 * time.Minute
		var mu sync.Mutex
		var results []schedule.Result
		_, stopOne := serve(t, m, f, "one", func(c *schedule.Config) {
			c.Observe = func(r schedule.Result, _ time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				results = append(results, r)
			}
			c.Parallel = 2
		})
		time.Sleep(5 * time.Minute)
		stopOne()
		if diff := cmp.Diff([]schedule.Result{schedule.HandedBack, schedule.HandedBack}, results); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
		f.mu.Lock()
		m.mu.Lock()
		if len(f.scans) != 0 || len(m.leases) != 0 {
			t.Errorf("%d scans were noted, %d leases are held", len(f.scans), len(m.leases))
		}
		m.mu.Unlock()
		f.mu.Unlock()
		killed := f.clusters[0]
		m.leases["scan/"+killed.String()] = held{"killed", time.Now().Add(2 * time.Minute)}
		_, stopTwo := serve(t, m, f, "two", nil)
		time.Sleep(11 * time.Minute)
		if diff := cmp.Diff(map[string]int{f.clusters[1].Name: 1}, f.count()); diff != "" {
			t.Errorf("scanned (-want +got):\n%s", diff)
		}
		time.Sleep(3 * time.Minute)
		each(t, f, 1, 1)
		stopTwo()
	})
}

// A scan whose lease another server took ends, and notes nothing.
func TestLostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(1)
		f.takes = 10 * time.Minute
		_, stop := serve(t, m, f, "one", nil)
		time.Sleep(time.Minute)
		m.mu.Lock()
		m.leases["scan/"+f.clusters[0].String()] = held{"two", time.Now().Add(time.Hour)}
		m.mu.Unlock()
		time.Sleep(2 * time.Minute)
		f.mu.Lock()
		m.mu.Lock()
		if f.busy != 0 || len(f.scans) != 0 || !m.rows[f.clusters[0]].Last.IsZero() {
			t.Errorf("the scan went on: %d busy, %d scans, %+v", f.busy, len(f.scans), m.rows[f.clusters[0]])
		}
		m.mu.Unlock()
		f.mu.Unlock()
		stop()
	})
}

// A database that is away for less than the lease costs nothing.
func TestDatabaseAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(1)
		f.takes = 10 * time.Minute
		_, stop := serve(t, m, f, "one", nil)
		time.Sleep(30 * time.Second)
		set := func(down bool) {
			m.mu.Lock()
			m.down = down
			m.mu.Unlock()
		}
		set(true)
		time.Sleep(70 * time.Second)
		set(false)
		time.Sleep(10 * time.Minute)
		each(t, f, 1, 1)
		stop()
	})
}

func TestFailingClusterIsRetriedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(2)
		broken := f.clusters[0]
		f.broken[broken] = true
		_, stop := serve(t, m, f, "one", nil)
		time.Sleep(20 * time.Minute) // at 1, 7 and 18 minutes, about
		if got := f.count()[broken.Name]; got != 3 {
			t.Errorf("%d scans in the first 20 minutes, want 3", got)
		}
		time.Sleep(3 * 24 * time.Hour)
		m.mu.Lock()
		row := m.rows[broken]
		m.mu.Unlock()
		m.mu.Lock()
		if row.Problem == "" || row.Failures < 10 || row.Next.Sub(row.Last) > interval+interval/5 {
			t.Errorf("%+v", row)
		}
		m.mu.Unlock()
		f.mu.Lock()
		delete(f.broken, broken)
		f.mu.Unlock()
		time.Sleep(7 * time.Hour)
		m.mu.Lock()
		if row.Problem != "" || row.Failures != 0 {
			t.Errorf("%+v", row)
		}
		m.mu.Unlock()
		each(t, f, 10, 40)
		stop()
	})
}

// What became due while the machine slept is scanned, four at a time.
func TestCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(20)
		var slept atomic.Int64
		_, stop := serve(t, m, f, "one", func(c *schedule.Config) {
			c.Now = func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }
		})
		time.Sleep(10 * time.Minute)
		each(t, f, 1, 1)
		slept.Store(int64(72 * time.Hour))
		f.mu.Lock()
		f.most = 0
		f.mu.Unlock()
		time.Sleep(10 * time.Minute)
		each(t, f, 2, 2)
		f.mu.Lock()
		if f.most > 4 {
			t.Errorf("%d clusters at the same time, want 4 at most", f.most)
		}
		f.mu.Unlock()
		stop()
	})
}

func TestClustersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(3)
		_, stop := serve(t, m, f, "one", nil)
		time.Sleep(10 * time.Minute)
		gone := f.clusters[0]
		f.mu.Lock()
		f.clusters = f.clusters[1:]
		added := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "new"}
		f.clusters = append(f.clusters, added)
		f.mu.Unlock()
		time.Sleep(7 * time.Hour)
		m.mu.Lock()
		if m.rows[gone] != nil {
			t.Error("the cluster that is gone is still scheduled")
		}
		m.mu.Unlock()
		if f.count()[added.Name] == 0 {
			t.Error("the new cluster was not scanned")
		}
		stop()
	})
}

// A failed discovery is tried again, and the known clusters are scanned meanwhile.
func TestDiscoveryFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(2)
		f.undiscoverable = true
		s, stop := serve(t, m, f, "one", nil)
		time.Sleep(time.Minute)
		d, err := s.Discovered(t.Context())
		if err != nil || d.Problem == "" || d.Failures != 1 {
			t.Errorf("%+v, %v", d, err)
		}
		f.mu.Lock()
		f.undiscoverable = false
		f.mu.Unlock()
		time.Sleep(10 * time.Minute)
		each(t, f, 1, 1)
		if d, err = s.Discovered(t.Context()); err != nil || d.Problem != "" || d.Clusters != 2 {
			t.Errorf("%+v, %v", d, err)
		}
		if latest, at, err := s.Latest(t.Context()); err != nil || len(latest.Accounts) != 2 || at.IsZero() {
			t.Errorf("%+v at %s, %v", latest, at, err)
		}
		stop()
	})
}

func TestStartOneCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(4)
		s, stop := serve(t, m, f, "one", nil)
		time.Sleep(10 * time.Minute)
		asked := f.clusters[2]
		j, err := s.Start(t.Context(), access.Scope{Clusters: []string{asked.String()}}, "EKSPADMIN")
		if err != nil {
			t.Fatal(err)
		}
		if j.State != schedule.Scanning || j.Progress.Clusters != 1 || j.Progress.Scanned != 0 || j.By != "EKSPADMIN" {
			t.Errorf("%+v", j)
		}
		time.Sleep(30 * time.Second)
		if j, err = s.Job(t.Context(), j.ID); err != nil || len(j.Running) != 1 || j.Running[0].Step != "describing" {
			t.Errorf("%+v, %v", j, err)
		}
		time.Sleep(time.Minute)
		if j, err = s.Job(t.Context(), j.ID); err != nil || j.State != schedule.Finished || j.Progress.Scanned != 1 {
			t.Errorf("%+v, %v", j, err)
		}
		if got := f.count()[asked.Name]; got != 2 {
			t.Errorf("%d scans, want 2", got)
		}
		stop()
	})
}

// What is asked for while the cluster is being scanned is scanned once more: the
// scan under way may have read it before the change that somebody wants to see.
func TestStartDuringScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(1)
		s, stop := serve(t, m, f, "one", nil)
		time.Sleep(30 * time.Second)
		j, err := s.Start(t.Context(), access.Scope{Clusters: []string{f.clusters[0].String()}}, "a")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if j, err = s.Job(t.Context(), j.ID); err != nil || j.State != schedule.Scanning {
			t.Errorf("%+v, %v", j, err)
		}
		time.Sleep(time.Minute)
		if j, err = s.Job(t.Context(), j.ID); err != nil || j.State != schedule.Finished {
			t.Errorf("%+v, %v", j, err)
		}
		each(t, f, 2, 2)
		stop()
	})
}

// Without an interval clusters are scanned on demand only: an account, everything.
func TestStartAccountAndAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(6)
		f.broken[f.clusters[5]] = true
		s, stop := serve(t, m, f, "one", func(c *schedule.Config) { c.Interval = 0 })
		time.Sleep(24 * time.Hour)
		f.mu.Lock()
		if f.discoveries != 0 || len(f.scans) != 0 {
			t.Fatalf("%d discoveries and %d scans, without anybody asking", f.discoveries, len(f.scans))
		}
		f.mu.Unlock()
		j, err := s.Start(t.Context(), access.Scope{Accounts: []string{"111122223333"}}, "a")
		if err != nil || j.State != schedule.Discovering {
			t.Fatalf("%+v, %v", j, err)
		}
		time.Sleep(5 * time.Minute)
		if j, err = s.Job(t.Context(), j.ID); err != nil || j.State != schedule.Finished {
			t.Errorf("%+v, %v", j, err)
		}
		if diff := cmp.Diff(inventory.ScanProgress{Clusters: 3, Scanned: 3}, j.Progress); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		f.mu.Lock()
		if len(f.scans) != 3 {
			t.Errorf("%d scans, want 3", len(f.scans))
		}
		f.mu.Unlock()
		if j, err = s.Start(t.Context(), access.Scope{}, "a"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if j, err = s.Job(t.Context(), j.ID); err != nil || j.State != schedule.Finished {
			t.Errorf("%+v, %v", j, err)
		}
		if diff := cmp.Diff(inventory.ScanProgress{Clusters: 6, Scanned: 5, Failed: 1}, j.Progress); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		jobs, err := s.Jobs(t.Context())
		if err != nil || len(jobs) != 2 || jobs[0].ID != j.ID {
			t.Errorf("%+v, %v", jobs, err)
		}
		stop()
	})
}

// A job names the clusters that could not be scanned, and keeps what it came to:
// what is scanned or found later is another job's.
func TestJobKeepsItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(4)
		f.broken[f.clusters[1]] = true
		f.skipped = []inventory.Skip{
			{Account: "111122223333", Region: "us-east-1", Reason: "denied", Detail: "eks:ListClusters"},
			{Account: "111122223333", Region: "me-south-1", Disabled: true},
			{Account: "444455556666", Reason: "denied", Detail: "sts:AssumeRole"},
		}
		s, stop := serve(t, m, f, "one", nil)
		j, err := s.Start(t.Context(), access.Scope{Accounts: []string{"111122223333"}}, "a")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		want, err := s.Job(t.Context(), j.ID)
		if err != nil || want.State != schedule.Finished {
			t.Fatalf("%+v, %v", want, err)
		}
		if diff := cmp.Diff(inventory.ScanProgress{Clusters: 2, Scanned: 1, Failed: 1}, want.Progress); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]schedule.Failure{{Cluster: f.clusters[1], Reason: "the cluster does not answer"}}, want.Failures); diff != "" {
			t.Errorf("failures (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(f.skipped[:1], want.Skipped); diff != "" {
			t.Errorf("skipped (-want +got):\n%s", diff)
		}
		f.mu.Lock()
		f.broken = map[inventory.ClusterRef]bool{}
		f.clusters = append(f.clusters, inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "new"})
		f.mu.Unlock()
		time.Sleep(24 * time.Hour)
		got, err := s.Job(t.Context(), j.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v, a day later (-want +got):\n%s", err, diff)
		}
		stop()
	})
}

// Whoever asks for an account hears that its clusters could not be discovered; the
// known ones are scanned all the same.
func TestJobWithoutDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(2)
		s, stop := serve(t, m, f, "one", func(c *schedule.Config) { c.Interval = 0 })
		scan := func() schedule.Job {
			t.Helper()
			j, err := s.Start(t.Context(), access.Scope{}, "a")
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			if during, err := s.Job(t.Context(), j.ID); err != nil || during.State != schedule.Scanning {
				t.Errorf("while scanning: %+v, %v", during, err)
			}
			time.Sleep(5 * time.Minute)
			if j, err = s.Job(t.Context(), j.ID); err != nil {
				t.Fatal(err)
			}
			return j
		}
		if j := scan(); j.State != schedule.Finished || j.Problem != "" {
			t.Errorf("%+v", j)
		}
		f.mu.Lock()
		f.undiscoverable = true
		f.mu.Unlock()
		j := scan()
		if j.State != schedule.NotDiscovered || j.Problem == "" || j.Ended.IsZero() {
			t.Errorf("%+v", j)
		}
		if diff := cmp.Diff(inventory.ScanProgress{Clusters: 2, Scanned: 2}, j.Progress); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		stop()
	})
}

// A server with a shorter interval keeps it for what was scheduled before.
func TestIntervalGetsShorter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(4)
		_, stop := serve(t, m, f, "one", func(c *schedule.Config) { c.Interval = 30 * 24 * time.Hour })
		time.Sleep(10 * time.Minute)
		stop()
		_, stop = serve(t, m, f, "one", nil)
		time.Sleep(7 * time.Hour)
		each(t, f, 2, 2)
		f.mu.Lock()
		if f.discoveries != 3 { // the second at once, as the next one was too far away
			t.Errorf("%d discoveries, want 3", f.discoveries)
		}
		f.mu.Unlock()
		stop()
	})
}

// A job that a killed server took is begun by another one.
func TestJobOutlivesItsServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(2)
		dead, err := schedule.New(schedule.Config{
			Scanner: server{f, "dead"}, Clusters: m, Queue: m, Leases: m, Objects: m, Holder: "dead", Parallel: 1, Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		j, err := dead.Start(t.Context(), access.Scope{}, "a")
		if err != nil {
			t.Fatal(err)
		}
		s, stop := serve(t, m, f, "one", func(c *schedule.Config) { c.Interval = 0 })
		time.Sleep(5 * time.Minute)
		if j, err = s.Job(t.Context(), j.ID); err != nil || j.State != schedule.Finished || j.Progress.Scanned != 2 {
			t.Errorf("%+v, %v", j, err)
		}
		stop()
	})
}

func TestStartRefuses(t *testing.T) {
	many := make([]string, 1001)
	tests := []struct {
		name  string
		scope access.Scope
	}{
		{"no ARN", access.Scope{Clusters: []string{"checkout"}}},
		{"another account", access.Scope{Accounts: []string{"111122223333"}, Clusters: []string{"arn:aws:eks:eu-central-1:444455556666:cluster/a"}}},
		{"too many", access.Scope{Clusters: many}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMemory()
			s, err := schedule.New(schedule.Config{
				Scanner: server{newFleet(0), "one"}, Clusters: m, Queue: m, Leases: m, Objects: m, Holder: "one", Parallel: 1, Now: time.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Start(t.Context(), test.scope, "a"); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("Start = %v, want fault.ErrInvalid", err)
			}
		})
	}
}

// The oldest jobs are forgotten.
func TestJobsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(), newFleet(1)
		s, stop := serve(t, m, f, "one", nil)
		time.Sleep(time.Minute)
		var last string
		for range 120 {
			j, err := s.Start(t.Context(), access.Scope{Clusters: []string{f.clusters[0].String()}}, "a")
			if err != nil {
				t.Fatal(err)
			}
			last = j.ID
			time.Sleep(time.Second)
		}
		jobs, err := s.Jobs(t.Context())
		if err != nil || len(jobs) != 100 || jobs[0].ID != last {
			t.Errorf("%d jobs, %v", len(jobs), err)
		}
		stop()
	})
}
