package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/app"
	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/estate/vulndata"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/report"
	"github.com/eksposure/eksposure/internal/scan"
	"github.com/eksposure/eksposure/internal/vulndb"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// asProgram in the environment makes the test binary be the program, on the
// clock of the day that it holds; an empty one is the true clock.
const asProgram = "APP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	day, ok := os.LookupEnv(asProgram)
	if ok {
		os.Exit(beProgram(day))
	}
	code := m.Run()
	if w, err := theWorld(); err == nil {
		err = errors.Join(w.estate.Close(), os.RemoveAll(w.dir))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// beProgram does what cmd/eksposure does.
func beProgram(day string) int {
	program := app.Program()
	if day != "" {
		asOf, err := time.Parse(time.RFC3339, day)
		if err != nil {
			panic(err)
		}
		program = app.ProgramAsOf(func() time.Time { return asOf })
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return program.Run(ctx, os.Args[1:], os.Environ(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// world is what the tests of this package share: the published images, the
// vulnerability database, a cache of image layers, and the demo's estate.
type world struct {
	dir, vulnDB, cache string
	images             *images.Registry
	estate             *estate.Estate

	mu sync.Mutex
	// profiles are AWS's configuration for the SDK in this process, and awsConfig is its file.
	profiles string
}

const awsConfig = "aws-config"

var theWorld = sync.OnceValues(newWorld)

func newWorld() (*world, error) {
	dir, err := os.MkdirTemp("", "eksposure-app-test-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, vulnDB: filepath.Join(dir, "vulnerability-db"), cache: filepath.Join(dir, "cache")}
	if err := alone(filepath.Join(dir, awsConfig)); err != nil {
		return nil, err
	}
	if w.images, err = images.New(); err != nil {
		return nil, err
	}
	ctx := context.Background()
	if err := vulndb.ImportFrom(ctx, vulndb.Config{Dir: w.vulnDB, Now: time.Now}, bytes.NewReader(vulndata.Archive()), "the bundled database"); err != nil {
		return nil, err
	}
	w.estate, err = estate.Start(ctx, estate.Config{Images: w.images, Now: time.Now})
	return w, err
}

// alone makes the SDK in this process read one configuration file, and nothing that the
// machine has.
func alone(file string) error {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	return errors.Join(os.Setenv("AWS_CONFIG_FILE", file), os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull), os.Setenv("AWS_EC2_METADATA_DISABLED", "true"))
}

func shared(t *testing.T) *world {
	t.Helper()
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// other starts an estate of its own, of the demo's scenario after a change.
func other(t *testing.T, change func(*estate.Scenario), faults ...estate.Fault) *estate.Estate {
	t.Helper()
	w := shared(t)
	s := estate.Demo(w.images)
	if change != nil {
		change(s)
	}
	e, err := estate.Start(t.Context(), estate.Config{Scenario: s, Images: w.images, Now: time.Now, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// place finds a cluster of a scenario by its name.
func place(s *estate.Scenario, name string) *estate.Cluster {
	if c := s.Cluster(name); c != nil {
		return c
	}
	panic("no cluster " + name)
}

// only keeps the named clusters of a scenario, and the regions that matter to
// them: their own, that of their registries, and one that nobody can turn off.
func only(s *estate.Scenario, names ...string) {
	regions := []string{"eu-central-1", "us-east-1"}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		a.Clusters = slices.DeleteFunc(a.Clusters, func(c estate.Cluster) bool { return !slices.Contains(names, c.Name) })
		for _, c := range a.Clusters {
			regions = append(regions, c.Region)
		}
	}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		a.Regions = slices.DeleteFunc(slices.Clone(a.Regions), func(r estate.Region) bool { return !slices.Contains(regions, r.Name) })
	}
}

// settings are those of the demo for an estate, with a database and the shared cache.
func settings(w *world, e *estate.Estate, db string) config.Config {
	c := config.Default()
	c.Database, c.CacheDir = db, w.cache
	c.AWS.Organization, c.AWS.RoleName = true, estate.ScanRole
	c.Images.Mirrors, c.Images.DockerConfig = e.Mirrors(), filepath.Join(w.dir, "docker.json")
	c.VulnDB.Dir, c.VulnDB.AutoUpdate = w.vulnDB, false
	return c
}

// enter gives settings an AWS profile for an estate, so that several tests of one process
// work at the same time, each with its own.
func enter(t *testing.T, e *estate.Estate, c *config.Config) {
	t.Helper()
	w := shared(t)
	set := map[string]string{}
	for _, v := range e.Env() {
		name, value, _ := strings.Cut(v, "=")
		set[name] = value
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c.AWS.Profile = fmt.Sprintf("estate-%d", strings.Count(w.profiles, "[profile "))
	w.profiles += fmt.Sprintf("[profile %s]\nregion = %s\nendpoint_url = %s\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		c.AWS.Profile, set["AWS_REGION"], set["AWS_ENDPOINT_URL"], set["AWS_ACCESS_KEY_ID"], set["AWS_SECRET_ACCESS_KEY"])
	// Others are reading the file: it is there as a whole at any time.
	next := filepath.Join(w.dir, "aws-config.next")
	if err := errors.Join(os.WriteFile(next, []byte(w.profiles), 0o600), os.Rename(next, filepath.Join(w.dir, awsConfig))); err != nil {
		t.Fatal(err)
	}
}

// open makes an App of this process for an estate.
func open(t *testing.T, e *estate.Estate, c config.Config) *app.App {
	t.Helper()
	enter(t, e, &c)
	a := app.New(app.Options{Config: c, Now: e.AsOf, Clock: time.Now})
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// scanAll scans an estate in this process and records into a database.
func scanAll(t *testing.T, e *estate.Estate, db string, clusters ...string) scan.Summary {
	t.Helper()
	s, err := tryScan(t, e, settings(shared(t), e, db), clusters...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryScan(t *testing.T, e *estate.Estate, c config.Config, clusters ...string) (scan.Summary, error) {
	t.Helper()
	a := open(t, e, c)
	scanner, err := a.Scanner(t.Context())
	if err != nil {
		return scan.Summary{}, err
	}
	s, err := scanner.Scan(t.Context(), scan.Request{Clusters: clusters}, func(scan.Progress) {})
	return s, errors.Join(err, a.Close())
}

// outcome finds a cluster's outcome by its name.
func outcome(t *testing.T, s scan.Summary, name string) exposure.Outcome {
	t.Helper()
	for _, o := range s.Outcomes {
		if o.Cluster.Name == name {
			return o
		}
	}
	t.Fatalf("no outcome of %s", name)
	return exposure.Outcome{}
}

// environment points a child at an estate as `demo --hold` prints it, and gives
// it a home and a database of its own.
func environment(t *testing.T, e *estate.Estate) []string {
	t.Helper()
	w, home := shared(t), t.TempDir()
	var mirrors []string
	for registry, url := range e.Mirrors() {
		mirrors = append(mirrors, registry+"="+url)
	}
	return slices.Concat([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + t.TempDir(), asProgram + "=" + e.AsOf().Format(time.RFC3339),
		"EKSPOSURE_AWS_ORGANIZATION=true", "EKSPOSURE_AWS_ROLE_NAME=" + estate.ScanRole, "EKSPOSURE_IMAGES_MIRRORS=" + strings.Join(mirrors, ","),
		"EKSPOSURE_VULNERABILITY_DATABASE_DIR=" + w.vulnDB, "EKSPOSURE_VULNERABILITY_DATABASE_AUTO_UPDATE=false",
		"EKSPOSURE_CACHE_DIR=" + w.cache, "EKSPOSURE_DATABASE=" + filepath.Join(home, "eksposure.db"),
	}, e.Env())
}

// result is how a child ended.
type result struct {
	out, err string
	code     int
}

// run runs the program as a child. A later variable of the same name wins.
func run(t *testing.T, env []string, args ...string) result {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd := command(t, env, args...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// childTime bounds a child, generously for a busy machine.
const childTime = 6 * time.Minute

func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), childTime)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	if !slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, asProgram+"=") }) {
		cmd.Env = append(slices.Clone(env), asProgram+"=")
	}
	return cmd
}

// decoded is the JSON report as a reader of it sees it.
type decoded struct {
	Findings []*exposure.Finding `json:"findings"`
	Coverage *report.Coverage    `json:"coverage"`
}

func decode(t *testing.T, r result) decoded {
	t.Helper()
	var d decoded
	if err := json.Unmarshal([]byte(r.out), &d); err != nil {
		t.Fatalf("exit code %d, %v\n%s\n%s", r.code, err, r.out, r.err)
	}
	return d
}
