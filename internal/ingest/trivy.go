package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// trivySchema is the version of Trivy's report that is read; it is that of every
// Trivy since 0.20 (2021).
const trivySchema = 2

// trivyReport is the part of Trivy's JSON report that is read (trivy.dev,
// "Reporting"; the types are in pkg/types of github.com/aquasecurity/trivy).
type trivyReport struct {
	SchemaVersion int
	CreatedAt     string
	ArtifactType  string
	Trivy         struct{ Version string }
	Metadata      struct {
		OS struct {
			Family string
			Name   string
		}
		RepoDigests []string
	}
	Results []struct {
		Target          string
		Class           string
		Type            string
		Packages        []struct{ Name string }
		Vulnerabilities []trivyVulnerability
	}
}

type trivyVulnerability struct {
	VulnerabilityID  string
	VendorIDs        []string
	PkgName          string
	PkgPath          string
	PkgIdentifier    struct{ PURL string }
	InstalledVersion string
	FixedVersion     string
	Status           string
	Layer            struct{ DiffID string }
	PrimaryURL       string
	DataSource       struct{ ID string }
	Title            string
	Description      string
	Severity         string
	CVSS             map[string]struct {
		V2Vector  string
		V3Vector  string
		V40Vector string
		V2Score   float64
		V3Score   float64
		V40Score  float64
	}
}

func parseTrivy(data []byte) (Report, error) {
	var in trivyReport
	if err := decode(data, &in); err != nil {
		return Report{}, err
	}
	if in.SchemaVersion != trivySchema {
		return Report{}, fmt.Errorf("schema version %d is not read, only %d: %w", in.SchemaVersion, trivySchema, fault.ErrInvalid)
	}
	if in.ArtifactType != "" && in.ArtifactType != "container_image" {
		return Report{}, fmt.Errorf("it is about a %q, not about a container image: %w", clean(in.ArtifactType), fault.ErrInvalid)
	}
	r := Report{Digests: registryDigests(in.Metadata.RepoDigests)}
	r.Tool = strings.TrimSpace("trivy " + clean(in.Trivy.Version))
	r.MadeAt = moment(in.CreatedAt)
	r.OS = vuln.OS{ID: clean(in.Metadata.OS.Family), Version: clean(in.Metadata.OS.Name)}
	for _, result := range in.Results {
		r.Packages += len(result.Packages)
		for _, v := range result.Vulnerabilities {
			if v.Status == "not_affected" {
				continue
			}
			if err := r.add(v.match(result.Target, result.Class, result.Type)); err != nil {
				return Report{}, err
			}
		}
	}
	return r, nil
}

func (v trivyVulnerability) match(target, class, kind string) vuln.Match {
	m := vuln.Match{
		ID: v.VulnerabilityID, Aliases: v.VendorIDs, Severity: v.Severity, Description: v.Description, URL: v.PrimaryURL, Source: v.DataSource.ID,
		Package: vuln.Package{
			Name: v.PkgName, Version: v.InstalledVersion, Type: packageType(v.PkgIdentifier.PURL), PURL: v.PkgIdentifier.PURL,
			Path: v.PkgPath, Layer: v.Layer.DiffID,
		},
		Fix: trivyFix(v.Status),
	}
	if m.Description == "" {
		m.Description = v.Title
	}
	if m.Package.Type == "" {
		m.Package.Type = purlTypes[kind]
	}
	if m.Package.Path == "" && class == "lang-pkgs" {
		m.Package.Path = target
	}
	// One entry names the fixes of all release lines: "1.2.3, 2.0.1".
	for version := range strings.SplitSeq(v.FixedVersion, ",") {
		m.FixedIn = append(m.FixedIn, strings.TrimSpace(version))
	}
	if v.FixedVersion != "" {
		m.Fix = vuln.FixKnown
	}
	// NVD's scoring first, then the others by name; the newest CVSS version decides.
	sources := slices.Sorted(maps.Keys(v.CVSS))
	slices.SortStableFunc(sources, func(a, b string) int { return compareChoice(a == "nvd", b == "nvd") })
	for _, name := range sources {
		s := v.CVSS[name]
		for _, c := range []vuln.CVSS{scoring(s.V40Vector, s.V40Score), scoring(s.V3Vector, s.V3Score), scoring(s.V2Vector, s.V2Score)} {
			m.CVSS = newer(m.CVSS, c)
		}
	}
	return m
}

// trivyFix reads Trivy's status of a vulnerability in a package.
func trivyFix(status string) vuln.Fix {
	switch status {
	case "fixed":
		return vuln.FixKnown
	case "affected", "fix_deferred", "under_investigation":
		return vuln.FixNone
	case "will_not_fix", "end_of_life":
		return vuln.FixDeclined
	}
	return vuln.FixUnknown
}

// purlTypes maps the type of a package URL, and Trivy's names where they differ, to
// the package types of the vulnerability database.
var purlTypes = map[string]string{
	"deb": "deb", "rpm": "rpm", "apk": "apk", "npm": "npm", "golang": "go-module", "maven": "java-archive", "pypi": "python",
	"gem": "gem", "cargo": "rust-crate", "composer": "php-composer", "nuget": "dotnet", "conan": "conan", "hex": "hex", "pub": "dart-pub",
	"swift": "swift", "cocoapods": "pod", "alpm": "alpm", "bitnami": "bitnami", "conda": "conda", "github": "github-action",
	"debian": "deb", "ubuntu": "deb", "alpine": "apk", "wolfi": "apk", "chainguard": "apk", "redhat": "rpm", "centos": "rpm", "rocky": "rpm",
	"alma": "rpm", "amazon": "rpm", "oracle": "rpm", "fedora": "rpm", "suse linux enterprise server": "rpm", "opensuse.leap": "rpm",
	"photon": "rpm", "cbl-mariner": "rpm", "azurelinux": "rpm", "gobinary": "go-module", "gomod": "go-module", "jar": "java-archive", "pom": "java-archive",
	"node-pkg": "npm", "yarn": "npm", "pnpm": "npm", "python-pkg": "python", "pip": "python", "pipenv": "python", "poetry": "python", "uv": "python",
	"gemspec": "gem", "bundler": "gem", "rustbinary": "rust-crate", "dotnet-core": "dotnet", "composer-vendor": "php-composer", "conda-pkg": "conda",
}

// packageType gives the type of a package by its package URL, or "".
func packageType(purl string) string {
	rest, ok := strings.CutPrefix(purl, "pkg:")
	if !ok {
		return ""
	}
	kind, _, _ := strings.Cut(rest, "/")
	return purlTypes[strings.ToLower(kind)]
}
