package app_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/eksposure/eksposure/internal/"

// The layers, as ARCHITECTURE.md draws them. A package may import those of its
// own list, and the standard library; adapters one SDK family more.
var (
	domain      = []string{"fault", "vuln", "inventory", "exposure", "trait", "guidance", "ocsf", "access", "search", "automation", "plan"}
	application = []string{"scan", "hub", "rulebook", "deliver", "export", "ingest", "schedule", "keyring", "session", "remediation"}
	// leaves are for everybody, and know the domain alone.
	leaves   = []string{"outbound", "sigv4", "seal", "iac", "pause"}
	adapters = []string{"cloud", "kube", "catalog", "vulndb", "store", "webhook", "ticket", "oidc", "telemetry"}
	delivery = []string{"report", "cli", "api", "server", "web"}
)

// families are the SDKs that one adapter alone may know.
var families = map[string]string{
	"github.com/aws/aws-sdk-go-v2":  "cloud",
	"k8s.io/":                       "kube",
	"github.com/anchore/syft":       "catalog",
	"github.com/anchore/grype":      "vulndb",
	"database/sql":                  "store",
	"github.com/glebarez/go-sqlite": "store",
	"github.com/coreos/go-oidc":     "oidc",
	"golang.org/x/oauth2":           "oidc",
	"github.com/prometheus/":        "telemetry",
	"go.opentelemetry.io/":          "telemetry",
	"github.com/jackc/pgx":          "store",
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		layer, _, _ := strings.Cut(p.name, "/")
		for _, dep := range p.imports {
			name, ours := strings.CutPrefix(dep, module)
			inner, _, _ := strings.Cut(name, "/")
			switch {
			case supportsTests(p.name): // no part of the program; joins what a test needs
			case ours && supportsTests(name) && p.name != "estate/vulndata/gen": // a generator
				t.Errorf("%s imports %s, which is for tests only", p.name, name)
			case !ours && slices.Contains(domain, layer) && strings.Contains(dep, "."):
				t.Errorf("%s imports %s: the domain knows only the standard library", p.name, dep)
			case !ours && slices.Contains(domain, layer) && slices.Contains([]string{"net/http", "database/sql", "os", "log", "log/slog"}, dep):
				t.Errorf("%s imports %s: the domain does no I/O", p.name, dep)
			case !ours:
				for family, owner := range families {
					if strings.HasPrefix(dep, family) && layer != owner && layer != "estate" && !allowedFamily(layer, family) {
						t.Errorf("%s imports %s, which belongs to %s", p.name, dep, owner)
					}
				}
			case inner == layer:
			case slices.Contains(domain, layer) && !slices.Contains(domain, inner):
				t.Errorf("%s imports %s: the domain imports only the domain", p.name, inner)
			case slices.Contains(application, layer) && !slices.Contains(domain, inner) && inner != "pause":
				t.Errorf("%s imports %s: the application imports only the domain", p.name, inner)
			case slices.Contains(adapters, layer) && !slices.Contains(domain, inner) && !slices.Contains(leaves, inner):
				t.Errorf("%s imports %s: adapters import only the domain", p.name, inner)
			case slices.Contains(delivery, layer) && (inner == "estate" || slices.Contains(adapters, inner)):
				t.Errorf("%s imports %s: only app joins adapters", p.name, inner)
			}
		}
	}
}

// supportsTests tells a package that gives the tests of its parent what they need:
// kube/kubetest, vulndb/vulndbtest and the like.
func supportsTests(name string) bool {
	parent, base := path.Split(name)
	return parent != "" && base == path.Base(parent)+"test"
}

// allowedFamily: vulndb reads syft's SBOM format and grype's database, which is a
// SQLite file; syft leaves the SQLite driver for RPM databases to catalog.
func allowedFamily(layer, family string) bool {
	return layer == "vulndb" && (family == "github.com/anchore/syft" || family == "database/sql") ||
		layer == "catalog" && family == "github.com/glebarez/go-sqlite"
}

type pkg struct {
	name    string
	imports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	var list []pkg
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if name, ok := strings.CutPrefix(fields[0], module); ok {
			list = append(list, pkg{name: name, imports: fields[1:]})
		}
	}
	if len(list) < 10 {
		t.Fatalf("go list found only %d packages", len(list))
	}
	return list
}
