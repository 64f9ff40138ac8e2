package cloud

import (
	"cmp"
	"context"
	"log/slog"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	inspectortypes "github.com/aws/aws-sdk-go-v2/service/inspector2/types"

	"github.com/eksposure/eksposure/internal/vuln"
)

// SourceInspector names Amazon Inspector in [vuln.Ingested].
const SourceInspector = "inspector"

// ImageReport asks Amazon Inspector what it found in an image of an ECR registry of
// ours. False means that it knows nothing: another registry, or no finding. That is
// no clean image, because Inspector does not tell an image without vulnerabilities
// from one that it does not scan, and keeps findings by the digest of one platform
// and not by that of an index. Findings that a suppression rule hides count too.
func (c *Client) ImageReport(ctx context.Context, repository, digest string) (vuln.Ingested, bool, error) {
	host, name, ok := strings.Cut(repository, "/")
	registry, private := ParseRegistry(host)
	if !ok || !private || !c.knows(registry.Account) {
		return vuln.Ingested{}, false, nil
	}
	cfg, err := c.in(ctx, place{account: registry.Account, region: registry.Region})
	if err != nil {
		return vuln.Ingested{}, false, err
	}
	client := inspector2.NewFromConfig(cfg)
	now := c.cfg.Now().UTC()
	r := vuln.Ingested{ImageDigest: digest, Source: SourceInspector, Tool: "Amazon Inspector", IngestedAt: now}
	err = c.pages(ctx, inspector2ListFindings, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.ListFindings(ctx, &inspector2.ListFindingsInput{FilterCriteria: ofImage(name, digest), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, f := range out.Findings {
			r.Matches = append(r.Matches, inspectorMatches(f)...)
			for _, on := range f.Resources {
				if on.Details != nil && on.Details.AwsEcrContainerImage != nil && r.OS.IsZero() {
					r.OS = platformOS(aws.ToString(on.Details.AwsEcrContainerImage.Platform))
				}
			}
		}
		return out.NextToken, nil
	})
	if err != nil || len(r.Matches) == 0 {
		return vuln.Ingested{}, false, err
	}
	vuln.Sort(r.Matches)
	image := "arn:" + c.caller.Partition + ":ecr:" + registry.Region + ":" + registry.Account + ":repository/" + name + "/" + digest
	if r.Clusters, err = c.clustersOf(ctx, client, image); err != nil {
		// The findings say as much without it; only when the image was last in use is not known.
		c.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "where an image is in use was not read", slog.String("image", image), slog.Any("error", err))
	}
	return r, true, nil
}

// ofImage selects the findings about the packages of one image.
func ofImage(repository, digest string) *inspectortypes.FilterCriteria {
	is := func(values ...string) []inspectortypes.StringFilter {
		var list []inspectortypes.StringFilter
		for _, v := range values {
			list = append(list, inspectortypes.StringFilter{Comparison: inspectortypes.StringComparisonEquals, Value: aws.String(v)})
		}
		return list
	}
	return &inspectortypes.FilterCriteria{
		EcrImageHash: is(digest), EcrImageRepositoryName: is(repository),
		ResourceType:  is(string(inspectortypes.ResourceTypeAwsEcrContainerImage)),
		FindingType:   is(string(inspectortypes.FindingTypePackageVulnerability)),
		FindingStatus: is(string(inspectortypes.FindingStatusActive), string(inspectortypes.FindingStatusSuppressed)),
	}
}

// clustersOf lists the EKS clusters that Inspector saw an image on.
func (c *Client) clustersOf(ctx context.Context, client *inspector2.Client, image string) ([]vuln.SeenOn, error) {
	var list []vuln.SeenOn
	err := c.pages(ctx, inspector2GetClustersForImage, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.GetClustersForImage(ctx, &inspector2.GetClustersForImageInput{
			Filter: &inspectortypes.ClusterForImageFilterCriteria{ResourceId: aws.String(image)}, NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, cluster := range out.Cluster {
			seen := vuln.SeenOn{ClusterARN: aws.ToString(cluster.ClusterArn)}
			if !strings.Contains(seen.ClusterARN, ":eks:") {
				continue // ECS
			}
			for _, d := range cluster.ClusterDetails {
				seen.Running += int(aws.ToInt64(d.RunningUnitCount))
				if at := utc(d.LastInUse); at.After(seen.LastInUse) {
					seen.LastInUse = at
				}
			}
			list = append(list, seen)
		}
		return out.NextToken, nil
	})
	return list, err
}

// inspectorMatches gives one match per vulnerable package of a finding.
func inspectorMatches(f inspectortypes.Finding) []vuln.Match {
	d := f.PackageVulnerabilityDetails
	if d == nil || aws.ToString(d.VulnerabilityId) == "" {
		return nil
	}
	m := vuln.Match{
		ID: *d.VulnerabilityId, Aliases: d.RelatedVulnerabilities, Severity: inspectorSeverity(f.Severity), Description: aws.ToString(f.Description),
		URL: aws.ToString(d.SourceUrl), Source: aws.ToString(d.Source), Exploit: f.ExploitAvailable == inspectortypes.ExploitAvailableYes, Fix: vuln.FixUnknown,
	}
	if f.Epss != nil {
		m.EPSS = &vuln.EPSS{Score: f.Epss.Score}
	}
	for _, s := range d.Cvss {
		score := vuln.CVSS{Vector: aws.ToString(s.ScoringVector), Score: aws.ToFloat64(s.BaseScore), Version: aws.ToString(s.Version)}
		if m.CVSS.IsZero() || score.Version > m.CVSS.Version || score.Version == m.CVSS.Version && aws.ToString(s.Source) == "NVD" {
			m.CVSS = score
		}
	}
	platform := ""
	for _, on := range f.Resources {
		if on.Details != nil && on.Details.AwsEcrContainerImage != nil {
			platform = aws.ToString(on.Details.AwsEcrContainerImage.Platform)
		}
	}
	list := make([]vuln.Match, 0, len(d.VulnerablePackages))
	for _, p := range d.VulnerablePackages {
		one := m
		one.Package = vuln.Package{
			Name: aws.ToString(p.Name), Version: packageVersion(p), Type: packageType(p.PackageManager, platform),
			Path: aws.ToString(p.FilePath), Layer: aws.ToString(p.SourceLayerHash),
		}
		// Without a fix Inspector writes the word NotAvailable, or none.
		if fixed := strings.TrimPrefix(aws.ToString(p.FixedInVersion), "0:"); fixed != "" && fixed != "NotAvailable" {
			one.Fix, one.FixedIn = vuln.FixKnown, []string{fixed}
		} else if f.FixAvailable == inspectortypes.FixAvailableNo {
			one.Fix = vuln.FixNone
		}
		list = append(list, one)
	}
	return list
}

// inspectorSeverity is the word of the vulnerability database.
func inspectorSeverity(s inspectortypes.Severity) string {
	switch s {
	case inspectortypes.SeverityCritical:
		return "Critical"
	case inspectortypes.SeverityHigh:
		return "High"
	case inspectortypes.SeverityMedium:
		return "Medium"
	case inspectortypes.SeverityLow:
		return "Low"
	case inspectortypes.SeverityInformational:
		return "Negligible"
	case inspectortypes.SeverityUntriaged:
	}
	return "Unknown"
}

// packageVersion is [EPOCH:]VERSION[-RELEASE], as package managers write it.
func packageVersion(p inspectortypes.VulnerablePackage) string {
	version := aws.ToString(p.Version)
	if p.Epoch > 0 {
		version = strconv.Itoa(int(p.Epoch)) + ":" + version
	}
	if release := aws.ToString(p.Release); release != "" {
		version += "-" + release
	}
	return version
}

// packageType gives the package type of the vulnerability database for Inspector's
// package manager; OS packages go by the image's platform.
func packageType(manager inspectortypes.PackageManager, platform string) string {
	switch manager {
	case inspectortypes.PackageManagerOs:
		switch platformOS(platform).ID {
		case "debian", "ubuntu":
			return "deb"
		case "alpine", "wolfi", "chainguard":
			return "apk"
		case "":
			return ""
		}
		return "rpm"
	case inspectortypes.PackageManagerNpm, inspectortypes.PackageManagerYarn, inspectortypes.PackageManagerNodepkg:
		return "npm"
	case inspectortypes.PackageManagerGobinary, inspectortypes.PackageManagerGomod:
		return "go-module"
	case inspectortypes.PackageManagerJar, inspectortypes.PackageManagerPom:
		return "java-archive"
	case inspectortypes.PackageManagerPip, inspectortypes.PackageManagerPipenv, inspectortypes.PackageManagerPoetry, inspectortypes.PackageManagerPythonpkg:
		return "python"
	case inspectortypes.PackageManagerBundler, inspectortypes.PackageManagerGemspec:
		return "gem"
	case inspectortypes.PackageManagerCargo:
		return "rust-crate"
	case inspectortypes.PackageManagerComposer:
		return "php-composer"
	case inspectortypes.PackageManagerNuget, inspectortypes.PackageManagerDotnetCore:
		return "dotnet"
	}
	return ""
}

// platformNames maps the head of Inspector's platform to /etc/os-release's ID where
// they differ.
var platformNames = map[string]string{"amazon_linux": "amzn", "alpine_linux": "alpine", "oracle_linux": "ol", "suse_server": "sles", "red_hat": "rhel"}

// platformOS reads Inspector's platform, as DEBIAN_11 or ALPINE_LINUX_3_18.
func platformOS(platform string) vuln.OS {
	words := strings.Split(strings.ToLower(platform), "_")
	i := 0
	for i < len(words) && strings.Trim(words[i], "0123456789") != "" {
		i++
	}
	name := strings.Join(words[:i], "_")
	return vuln.OS{ID: cmp.Or(platformNames[name], name), Version: strings.Join(words[i:], ".")}
}
