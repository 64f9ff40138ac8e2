package app_test

import (
	"bufio"
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
)

// fewClusters have a finding each; the scan hangs at the last.
var fewClusters = []string{"shop-preview", "payments-dr", "platform-build", "ledger"}

// A scan that is ended in its middle keeps what it has recorded, and the next
// one does the rest.
func TestEndedInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		signal syscall.Signal
		code   int
	}{
		{"interrupt", syscall.SIGINT, interrupted},
		{"terminate", syscall.SIGTERM, interrupted},
		{"kill", syscall.SIGKILL, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := other(t, func(s *estate.Scenario) { only(s, fewClusters...) },
				estate.Fault{Service: "kubernetes", Cluster: "ledger", Kind: estate.FaultHang, Times: 1})
			env := append(environment(t, e), "EKSPOSURE_IMAGES_READ=false") // they take time and change nothing here
			got := endAfter(t, command(t, env, "scan", "-o", "json", "--log-level", "info"), len(fewClusters)-1, test.signal)
			if got.code != test.code {
				t.Fatalf("exit code %d, want %d\n%s", got.code, test.code, got.err)
			}
			if test.signal != syscall.SIGKILL {
				says(t, got, test.code, "interrupted", "3 of 4 clusters recorded")
				if n := len(decode(t, got).Findings); n != len(fewClusters)-1 {
					t.Errorf("%d findings reported", n)
				}
			}
			recorded := decode(t, run(t, env, "findings", "list", "-o", "json")).Findings
			if len(recorded) != len(fewClusters)-1 {
				t.Fatalf("%d findings recorded", len(recorded))
			}
			next := run(t, env, "scan", "-o", "json", "--allow-gaps", "--log-level", "info")
			if d := decode(t, next); next.code != 0 || len(d.Findings) != len(fewClusters) {
				t.Errorf("the next scan: exit code %d, %d findings\n%s", next.code, len(d.Findings), next.err)
			}
			if n := strings.Count(next.err, changed); n != 1 || !strings.Contains(next.err, "cluster/ledger") {
				t.Errorf("the next scan changed %d findings, want that of ledger alone:\n%s", n, next.err)
			}
			after := decode(t, run(t, env, "findings", "list", "-o", "json")).Findings
			after = slices.DeleteFunc(after, func(f *exposure.Finding) bool { return f.Cluster.Ref.Name == "ledger" })
			if diff := cmp.Diff(recorded, after); diff != "" {
				t.Errorf("(-recorded before +after):\n%s", diff)
			}
		})
	}
}

// changed is what the log says of a finding that was recorded.
const changed = "finding changed"

// endAfter starts a scan and ends it when it has recorded a number of findings.
func endAfter(t *testing.T, cmd *exec.Cmd, findings int, signal syscall.Signal) result {
	t.Helper()
	var out, log bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		log.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), changed) {
			findings--
		}
		if findings == 0 {
			findings--
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return result{out.String(), log.String(), cmd.ProcessState.ExitCode()}
}

// A disk that fills up in the middle ends the scan with a message that says so;
// with room again, the next scan goes on from what was recorded.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	e := other(t, func(s *estate.Scenario) { only(s, fewClusters...) })
	env := environment(t, e)
	if got := run(t, append(env, "EKSPOSURE_DATABASE="+filepath.Join(t.TempDir(), "other.db")), "scan", "--allow-gaps"); got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got.err) // now the images are in the cache
	}
	const blocks = "2100" // of 512 bytes: room for the tables and a finding or two, not for all
	cmd := command(t, env, "scan", "--allow-gaps", "--parallel", "1")
	cmd.Args = append([]string{"sh", "-c", `ulimit -f ` + blocks + `; exec "$@"`, "sh"}, cmd.Args...)
	cmd.Path = "/bin/sh"
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	says(t, result{err: stderr.String(), code: cmd.ProcessState.ExitCode()}, unavailable, "eksposure.db", "what was recorded is kept")
	before := decode(t, run(t, env, "findings", "list", "-o", "json")).Findings
	if next := run(t, env, "scan", "--allow-gaps"); next.code != 0 {
		t.Fatalf("the next scan: exit code %d\n%s", next.code, next.err)
	}
	after := decode(t, run(t, env, "findings", "list", "-o", "json")).Findings
	if len(after) != len(fewClusters) {
		t.Errorf("%d findings", len(after))
	}
	kept := slices.DeleteFunc(slices.Clone(after), func(f *exposure.Finding) bool {
		return !slices.ContainsFunc(before, func(b *exposure.Finding) bool { return b.ID == f.ID })
	})
	if diff := cmp.Diff(before, kept); diff != "" {
		t.Errorf("(-recorded before +after):\n%s", diff)
	}
	if len(before) == 0 || len(before) == len(fewClusters) {
		t.Errorf("%d findings were recorded before the disk was full: choose another limit", len(before))
	}
}
