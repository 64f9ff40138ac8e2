package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

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
	db, err := store.Open(context.Background(), store.Config{Place: path, Now: time.Now})
	if err != nil {
		fmt.Printf("error %v\n", err)
		os.Exit(fault.Of(err).ExitCode)
	}
	count, err := strconv.Atoi(os.Getenv("STORE_TEST_COUNT"))
	if err != nil {
		count = math.MaxInt
	}
	for i := range count {
		o := outcome(ref("111122223333", "eu-central-1", os.Getenv("STORE_TEST_NAME")+fmt.Sprintf("c%d", i)), exposure.Low, exposure.Created, "internet-reachable")
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
	storetest.EachPlace(t, func(t *testing.T, path string) {
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
		if says, err := db.Check(t.Context()); err != nil || says != "[ok]" {
			t.Errorf("the file: %s, %v", says, err)
		}
		record(t, db, outcome(shop, exposure.Low, exposure.Created))
	})
}

// Several processes that begin with no file at all share the one that they make.
func TestSeveralProcesses(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, path string) {
		const processes, each = 4, 15
		var wg sync.WaitGroup
		for p := range processes {
			wg.Go(func() {
				child := exec.CommandContext(t.Context(), os.Args[0])
				child.Env = append(os.Environ(), "STORE_TEST_CHILD="+path, "STORE_TEST_COUNT="+strconv.Itoa(each), "STORE_TEST_NAME="+fmt.Sprintf("p%d", p))
				if out, err := child.CombinedOutput(); err != nil {
					t.Errorf("process %d: %v\n%s", p, err, tail(out))
				}
			})
		}
		wg.Wait()
		found, err := open(t, path).Findings(t.Context(), exposure.Query{})
		if err != nil || len(found) != processes*each {
			t.Errorf("%d findings, %v", len(found), err)
		}
	})
}

// While another process writes, reading and opening go on; writing waits and then
// says who is in the way.
func TestLocked(t *testing.T) {
	path := temp(t)
	db := open(t, path)
	record(t, db, outcome(shop, exposure.Low, exposure.Created))
	other, err := sql.Open("sqlite", path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `DELETE FROM events`); err != nil {
		t.Fatal(err)
	}
	db.SetPatience(20 * time.Millisecond)
	if err := db.Record(t.Context(), outcome(shop, exposure.High, exposure.Updated)); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("Record = %v", err)
	}
	if found, err := open(t, path).Findings(t.Context(), exposure.Query{}); err != nil || len(found) != 1 {
		t.Errorf("Findings = %v, %v", found, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	record(t, db, outcome(shop, exposure.High, exposure.Updated))
}

// When the file cannot grow, what is recorded stays, and recording goes on when
// there is room again.
func TestFull(t *testing.T) {
	path := temp(t)
	db := open(t, path)
	record(t, db, outcome(shop, exposure.Low, exposure.Created))
	pages, err := db.Pages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.LimitPages(t.Context(), pages); err != nil {
		t.Fatal(err)
	}
	recorded := 1
	for ; err == nil; recorded++ {
		err = db.Record(t.Context(), fleetOutcome(recorded))
	}
	recorded-- // the last one was refused
	if !errors.Is(err, fault.ErrUnavailable) || !strings.Contains(err.Error(), "disk full") || !strings.Contains(err.Error(), path) {
		t.Errorf("Record = %v", err)
	}
	if found, err := db.Findings(t.Context(), exposure.Query{}); err != nil || len(found) != recorded {
		t.Errorf("Findings = %v, %v; %d were recorded", clusters(found), err, recorded)
	}
	if err := db.LimitPages(t.Context(), 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := db.Record(t.Context(), fleetOutcome(recorded)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestFullDisk(t *testing.T) {
	path := temp(t)
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "STORE_TEST_CHILD="+path, "STORE_TEST_LIMIT="+strconv.Itoa(4<<20))
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
	storetest.Each(t, func(t *testing.T, db *store.DB) {
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
	})
}

// An interrupted write leaves nothing behind.
func TestCancelledRecord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Record(ctx, outcome(shop, exposure.Low, exposure.Created)); !errors.Is(err, context.Canceled) {
			t.Errorf("Record = %v", err)
		}
		if found, err := db.Findings(t.Context(), exposure.Query{}); err != nil || len(found) != 0 {
			t.Errorf("%v, %v", found, err)
		}
	})
}

// A write that is interrupted at any time is there as a whole or not at all, and
// the database works on.
func TestInterruptedWrites(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := outcome(shop, exposure.Low, exposure.Created)
		for i := range 2000 { // rows enough for the interrupt to come between them
			o.Finding.Traits = append(o.Finding.Traits, exposure.TraitState{ID: strconv.Itoa(i), Standing: exposure.Contributing})
		}
		interrupted, recorded := 0, 0
		for n := range 40 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*time.Millisecond)
			err := db.Record(ctx, o)
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if err != nil {
				interrupted++
			}
			events, errHistory := db.History(t.Context(), o.Finding.ID)
			found, errFind := db.Finding(t.Context(), "shop")
			if len(events) == 0 && errors.Is(errFind, fault.ErrNotFound) {
				errFind = nil
			}
			if err := errors.Join(errHistory, errFind); err != nil {
				t.Fatalf("%d events: %v", len(events), err)
			}
			if found != nil && cmp.Diff(o.Finding, found) != "" {
				t.Fatal(cmp.Diff(o.Finding, found))
			}
			// An interrupt may come when the write is done.
			if more := len(events) - recorded; more > 1 || err == nil && more != 1 {
				t.Fatalf("%d events after %d and %v", len(events), recorded, err)
			}
			recorded = len(events)
		}
		if interrupted == 0 {
			t.Error("no write was interrupted")
		}
		record(t, db, o)
		if says, err := db.Check(t.Context()); err != nil || says != "[ok]" {
			t.Errorf("the file: %s, %v", says, err)
		}
	})
}
