package estate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ImageFinding is a finding of Amazon Inspector about a package of an ECR image.
type ImageFinding struct {
	Region, Repository string
	// Digest is that of a platform's manifest, as Inspector knows images.
	Digest        string
	Platform      string // DEBIAN_11 …
	Vulnerability string
	Title         string
	// Severity is Inspector's word: CRITICAL … UNTRIAGED.
	Severity string
	// Status is ACTIVE when empty.
	Status string
	Vector string
	Score  float64
	// EPSS is 0 when there is no score, which Inspector then leaves out.
	EPSS     float64
	Exploit  bool
	Packages []FoundPackage
	// LastSeen is when Inspector last looked.
	LastSeen time.Time
	// Clusters are the names of the account's EKS clusters that run the image.
	Clusters []string
}

// FoundPackage is a vulnerable package.
type FoundPackage struct {
	Name, Version, Release string
	Epoch                  int
	Manager                string // OS, NPM, JAR …
	Path                   string
	FixedIn                string // empty: NotAvailable
}

// pageInspector is the largest page of Inspector's lists (maxResults).
const pageInspector = 100

func (e *Estate) inspectorOperations() []operation {
	post := func(name, path string, handle func(context.Context, *call) (any, error)) operation {
		return operation{service: "inspector2", name: name, method: http.MethodPost, path: path, action: "inspector2:" + name, handle: handle}
	}
	return []operation{
		post("ListFindings", "/findings/list", listImageFindings),
		post("GetClustersForImage", "/cluster/get", clustersForImage),
	}
}

// inspectorInvalid is Inspector's word for a wrong request.
func inspectorInvalid(message string) error {
	return &apiError{Code: "ValidationException", Status: http.StatusBadRequest, Message: message, Fields: map[string]any{"reason": "FIELD_VALIDATION_FAILED"}}
}

// pageOf cuts one page of Inspector's lists.
func pageOf[T any](items []T, maxResults int, token string) (part []T, next string, err error) {
	raw := ""
	if maxResults != 0 {
		raw = strconv.Itoa(maxResults)
	}
	part, next, err = page(items, raw, token, pageInspector)
	if err != nil {
		return nil, "", inspectorInvalid(err.Error())
	}
	return part, next, nil
}

// listImageFindings knows the criteria that select an image's findings, and refuses
// others rather than answer too much.
func listImageFindings(_ context.Context, c *call) (any, error) {
	type is []struct {
		Comparison string `json:"comparison"`
		Value      string `json:"value"`
	}
	var in struct {
		MaxResults     int           `json:"maxResults"`
		NextToken      string        `json:"nextToken"`
		FilterCriteria map[string]is `json:"filterCriteria"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var found []ImageFinding
	for _, f := range c.account.ImageFindings {
		if f.Region != c.region {
			continue
		}
		values := map[string]string{
			"ecrImageHash": f.Digest, "ecrImageRepositoryName": f.Repository, "resourceType": "AWS_ECR_CONTAINER_IMAGE",
			"findingType": "PACKAGE_VULNERABILITY", "findingStatus": f.status(), "vulnerabilityId": f.Vulnerability,
		}
		fits := true
		for criterion, filters := range in.FilterCriteria {
			value, known := values[criterion]
			if !known || len(filters) > 10 {
				return nil, inspectorInvalid("The filter criterion " + criterion + " is not valid here")
			}
			one := false
			for _, filter := range filters {
				switch filter.Comparison {
				case "EQUALS":
					one = one || filter.Value == value
				case "PREFIX":
					one = one || strings.HasPrefix(value, filter.Value)
				default:
					return nil, inspectorInvalid("Comparison " + filter.Comparison + " is not valid")
				}
			}
			fits = fits && one
		}
		if fits {
			found = append(found, f)
		}
	}
	part, next, err := pageOf(found, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, f := range part {
		list = append(list, f.show(c))
	}
	return withToken(map[string]any{"findings": list}, "nextToken", next), nil
}

func (f ImageFinding) status() string {
	if f.Status == "" {
		return "ACTIVE"
	}
	return f.Status
}

// show is the finding as Inspector gives it.
func (f ImageFinding) show(c *call) map[string]any {
	sum := sha256.Sum256([]byte(f.Digest + f.Vulnerability))
	packages := []any{}
	fixes := 0
	for _, p := range f.Packages {
		shown := map[string]any{"name": p.Name, "version": p.Version, "epoch": p.Epoch, "packageManager": p.Manager, "fixedInVersion": "NotAvailable"}
		if p.FixedIn != "" {
			fixes++
			shown["fixedInVersion"] = p.FixedIn
		}
		if p.Release != "" {
			shown["release"] = p.Release
		}
		if p.Path != "" {
			shown["filePath"] = p.Path
		}
		packages = append(packages, shown)
	}
	fix := map[bool]string{true: "YES", false: "NO"}[fixes > 0 && fixes == len(f.Packages)]
	if fixes > 0 && fixes < len(f.Packages) {
		fix = "PARTIAL"
	}
	details := map[string]any{
		"vulnerabilityId": f.Vulnerability, "vulnerablePackages": packages, "source": "NVD", "sourceUrl": "https://nvd.nist.gov/vuln/detail/" + f.Vulnerability,
		"referenceUrls": []string{}, "relatedVulnerabilities": []string{}, "cvss": []any{},
	}
	if f.Vector != "" {
		version, _, _ := strings.Cut(strings.TrimPrefix(f.Vector, "CVSS:"), "/")
		details["cvss"] = []any{map[string]any{"baseScore": f.Score, "scoringVector": f.Vector, "version": version, "source": "NVD"}}
	}
	seen := f.LastSeen.Unix()
	shown := map[string]any{
		"findingArn": "arn:aws:inspector2:" + c.region + ":" + c.account.ID + ":finding/" + hex.EncodeToString(sum[:16]), "awsAccountId": c.account.ID,
		"type": "PACKAGE_VULNERABILITY", "title": f.Title, "description": f.Title, "severity": f.Severity, "status": f.status(),
		"firstObservedAt": seen, "lastObservedAt": seen, "updatedAt": seen, "fixAvailable": fix,
		"exploitAvailable": map[bool]string{true: "YES", false: "NO"}[f.Exploit],
		"remediation":      map[string]any{"recommendation": map[string]any{"text": "None Provided"}}, "packageVulnerabilityDetails": details,
		"resources": []any{map[string]any{
			"type": "AWS_ECR_CONTAINER_IMAGE", "id": f.arn(c), "partition": "aws", "region": c.region, "tags": map[string]any{},
			"details": map[string]any{"awsEcrContainerImage": map[string]any{
				"repositoryName": f.Repository, "imageHash": f.Digest, "registry": c.account.ID, "imageTags": []string{}, "architecture": "amd64",
				"platform": f.Platform, "pushedAt": seen,
			}},
		}},
	}
	if f.EPSS > 0 {
		shown["epss"] = map[string]any{"score": f.EPSS}
	}
	return shown
}

func (f ImageFinding) arn(c *call) string {
	return "arn:aws:ecr:" + c.region + ":" + c.account.ID + ":repository/" + f.Repository + "/" + f.Digest
}

// clustersForImage tells where an image runs. Inspector's list is never empty: an
// image that it did not see anywhere is no image that it knows.
func clustersForImage(_ context.Context, c *call) (any, error) {
	var in struct {
		Filter struct {
			ResourceID string `json:"resourceId"`
		} `json:"filter"`
		MaxResults int    `json:"maxResults"`
		NextToken  string `json:"nextToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var names []string
	var seen time.Time
	for _, f := range c.account.ImageFindings {
		if f.Region == c.region && f.arn(c) == in.Filter.ResourceID {
			names, seen = append(names, f.Clusters...), f.LastSeen
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return nil, inspectorInvalid("No cluster was found for the image " + in.Filter.ResourceID)
	}
	part, next, err := pageOf(names, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, name := range part {
		list = append(list, map[string]any{
			"clusterArn": c.eksARN("cluster", name),
			"clusterDetails": []any{map[string]any{
				"lastInUse": seen.Unix(), "runningUnitCount": 1, "stoppedUnitCount": 0,
				"clusterMetadata": map[string]any{"awsEksMetadataDetails": map[string]any{
					"namespace": "default", "workloadInfoList": []any{map[string]any{"name": "web", "type": "DEPLOYMENT"}},
				}},
			}},
		})
	}
	return withToken(map[string]any{"cluster": list}, "nextToken", next), nil
}
