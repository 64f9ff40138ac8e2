package ingest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// cycloneReport is the part of a CycloneDX document that is read (CycloneDX 1.2 to
// 1.7, JSON; cyclonedx.org/docs).
type cycloneReport struct {
	SpecVersion string `json:"specVersion"`
	Metadata    struct {
		Timestamp string           `json:"timestamp"`
		Tools     cycloneTools     `json:"tools"`
		Component cycloneComponent `json:"component"`
	} `json:"metadata"`
	Components      []cycloneComponent     `json:"components"`
	Vulnerabilities []cycloneVulnerability `json:"vulnerabilities"`
}

type cycloneComponent struct {
	Ref        string             `json:"bom-ref"`
	Type       string             `json:"type"`
	Group      string             `json:"group"`
	Name       string             `json:"name"`
	Version    string             `json:"version"`
	PURL       string             `json:"purl"`
	Properties []cycloneProperty  `json:"properties"`
	Components []cycloneComponent `json:"components"`
}

type cycloneProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// cycloneTools is a list of tools (until 1.4) or an object of components (from 1.5).
type cycloneTools []struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// UnmarshalJSON reads both shapes.
func (t *cycloneTools) UnmarshalJSON(data []byte) error {
	type list cycloneTools
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*list)(t))
	}
	var object struct {
		Components list `json:"components"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*t = cycloneTools(object.Components)
	return nil
}

type cycloneVulnerability struct {
	ID     string `json:"id"`
	Source struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"source"`
	References []struct {
		ID string `json:"id"`
	} `json:"references"`
	Ratings []struct {
		Source struct {
			Name string `json:"name"`
		} `json:"source"`
		Score    float64 `json:"score"`
		Severity string  `json:"severity"`
		Method   string  `json:"method"`
		Vector   string  `json:"vector"`
	} `json:"ratings"`
	Description string `json:"description"`
	Advisories  []struct {
		URL string `json:"url"`
	} `json:"advisories"`
	Analysis struct {
		State string `json:"state"`
	} `json:"analysis"`
	Affects []struct {
		Ref      string `json:"ref"`
		Versions []struct {
			Version string `json:"version"`
			Range   string `json:"range"`
			Status  string `json:"status"`
		} `json:"versions"`
	} `json:"affects"`
}

func parseCycloneDX(data []byte) (Report, error) {
	var in cycloneReport
	if err := decode(data, &in); err != nil {
		return Report{}, err
	}
	r := Report{Digests: cycloneDigests(in.Metadata.Component)}
	r.MadeAt = moment(in.Metadata.Timestamp)
	for _, t := range in.Metadata.Tools {
		r.Tool = strings.TrimSpace(clean(t.Name) + " " + clean(t.Version))
		break
	}
	components := map[string]cycloneComponent{}
	count, err := gather(components, in.Components, 0)
	if err != nil {
		return Report{}, err
	}
	for _, c := range in.Components {
		if c.Type == "operating-system" {
			r.OS = vuln.OS{ID: clean(c.Name), Version: clean(c.Version)}
		}
	}
	r.Packages = count
	if in.Vulnerabilities == nil {
		if count == 0 {
			return Report{}, fmt.Errorf("it lists neither components nor vulnerabilities: %w", fault.ErrInvalid)
		}
		r.SBOM = &vuln.SBOM{Tool: r.Tool, Format: vuln.FormatCycloneDX, OS: r.OS, Packages: count, Document: data}
		return r, nil
	}
	for _, v := range in.Vulnerabilities {
		if slices.Contains([]string{"resolved", "resolved_with_pedigree", "false_positive", "not_affected"}, v.Analysis.State) {
			continue // the document's own statement that the image is not affected (VEX)
		}
		for _, m := range v.matches(components) {
			if err := r.add(m); err != nil {
				return Report{}, err
			}
		}
	}
	return r, nil
}

// gather indexes components by their reference, with those inside them, and counts
// those that are software.
func gather(into map[string]cycloneComponent, list []cycloneComponent, count int) (int, error) {
	for _, c := range list {
		if c.Type != "operating-system" && c.Type != "file" {
			count++
		}
		if len(into) >= maxComponents {
			return 0, fmt.Errorf("it has more than %d components: %w", maxComponents, fault.ErrInvalid)
		}
		inner := c.Components
		c.Components = nil
		into[c.Ref] = c
		var err error
		if count, err = gather(into, inner, count); err != nil {
			return 0, err
		}
	}
	return count, nil
}

// cycloneDigests finds the registry digest of the image that a document is about, as
// Trivy writes it: as a property and in the package URL. What syft writes as the
// version is not one when the image came from a container engine, and is not read.
func cycloneDigests(c cycloneComponent) []string {
	if c.Type != "container" {
		return nil
	}
	var found []string
	references := []string{c.Name}
	for _, p := range c.Properties {
		if strings.HasSuffix(p.Name, "RepoDigest") {
			references = append(references, p.Value)
		}
	}
	found = append(found, registryDigests(references)...)
	if _, after, ok := strings.Cut(strings.ReplaceAll(c.PURL, "%3A", ":"), "@"); ok && len(found) == 0 {
		digest, _, _ := strings.Cut(after, "?")
		if digestShape.MatchString(digest) {
			found = append(found, digest)
		}
	}
	return found
}

// matches gives one match per affected component.
func (v cycloneVulnerability) matches(components map[string]cycloneComponent) []vuln.Match {
	m := vuln.Match{ID: v.ID, Description: v.Description, URL: v.Source.URL, Source: v.Source.Name}
	for _, ref := range v.References {
		m.Aliases = append(m.Aliases, ref.ID)
	}
	if m.URL == "" && len(v.Advisories) > 0 {
		m.URL = v.Advisories[0].URL
	}
	for _, r := range v.Ratings {
		source := strings.ToUpper(r.Source.Name)
		switch {
		case r.Method == "EPSS" || source == "EPSS":
			m.EPSS = &vuln.EPSS{Score: r.Score}
		case strings.Contains(source, "KEV"):
			m.KEV = true
		default:
			m.CVSS = newer(m.CVSS, scoring(r.Vector, r.Score))
			if m.Severity == "" {
				m.Severity = r.Severity
			}
		}
	}
	list := make([]vuln.Match, 0, len(v.Affects))
	for _, a := range v.Affects {
		one := m
		c := components[a.Ref]
		if c.Name == "" { // a BOM-Link or a package URL, or a component left out
			c.PURL = a.Ref
			c.Name, c.Version = purlName(a.Ref)
		}
		one.Package = vuln.Package{Name: fullName(c), Version: c.Version, Type: packageType(c.PURL), PURL: c.PURL}
		for _, version := range a.Versions {
			if fixed, ok := strings.CutPrefix(version.Range, "vers:"); ok && version.Status == "unaffected" {
				if _, fixed, ok = strings.Cut(fixed, "/>="); ok && !strings.Contains(fixed, "|") {
					one.FixedIn = append(one.FixedIn, fixed)
				}
			}
		}
		if len(one.FixedIn) > 0 {
			one.Fix = vuln.FixKnown
		}
		list = append(list, one)
	}
	return list
}

// fullName is a component's name as its ecosystem writes it.
func fullName(c cycloneComponent) string {
	switch {
	case c.Group == "" || strings.HasPrefix(c.Name, c.Group):
		return c.Name
	case packageType(c.PURL) == "java-archive":
		return c.Group + ":" + c.Name
	}
	return c.Group + "/" + c.Name
}

// purlName takes name and version out of a package URL, or a text as the name.
func purlName(purl string) (name, version string) {
	rest, _, _ := strings.Cut(purl, "?")
	if !strings.HasPrefix(rest, "pkg:") {
		return purl, ""
	}
	rest, version, _ = strings.Cut(rest, "@")
	return rest[strings.LastIndexByte(rest, '/')+1:], version
}
