package vulndb

import (
	"strings"

	v6 "github.com/anchore/grype/grype/db/v6"
	"gorm.io/gorm"
)

// maxCVEs bounds the CVEs whose scores are remembered; a database has 360,000,
// images have some thousands. One takes about 300 bytes.
const maxCVEs = 100_000

// cachedReader is the database with the small tables keyed by CVE remembered.
// Grype asks three of them for every record it considers, for each package
// again, and that is most of what matching costs.
type cachedReader struct {
	rawReader

	kev  *cache[string, []v6.KnownExploitedVulnerabilityHandle]
	epss *cache[string, []v6.EpssHandle]
	cwe  *cache[string, []v6.CWEHandle]
	ssvc *cache[string, []v6.SsvcHandle]
}

// rawReader is what Grype needs of a reader: it reads some tables by itself.
type rawReader interface {
	v6.Reader
	GetDB() *gorm.DB
}

// remember gives a reader that remembers; one that Grype could not use so is
// given back as it is.
func remember(r v6.Reader) v6.Reader {
	raw, ok := r.(rawReader)
	if !ok {
		return r
	}
	return cachedReader{
		rawReader: raw,
		kev:       newCache[string, []v6.KnownExploitedVulnerabilityHandle](maxCVEs),
		epss:      newCache[string, []v6.EpssHandle](maxCVEs),
		cwe:       newCache[string, []v6.CWEHandle](maxCVEs),
		ssvc:      newCache[string, []v6.SsvcHandle](maxCVEs),
	}
}

// GetKnownExploitedVulnerabilities implements v6.Reader.
func (r cachedReader) GetKnownExploitedVulnerabilities(cve string) ([]v6.KnownExploitedVulnerabilityHandle, error) {
	return lookUp(r.kev, cve, r.rawReader.GetKnownExploitedVulnerabilities)
}

// GetEpss implements v6.Reader.
func (r cachedReader) GetEpss(cve string) ([]v6.EpssHandle, error) {
	return lookUp(r.epss, cve, r.rawReader.GetEpss)
}

// GetCWEs implements v6.Reader.
func (r cachedReader) GetCWEs(cve string) ([]v6.CWEHandle, error) {
	return lookUp(r.cwe, cve, r.rawReader.GetCWEs)
}

// GetSsvcs implements v6.Reader.
func (r cachedReader) GetSsvcs(cve string) ([]v6.SsvcHandle, error) {
	return lookUp(r.ssvc, cve, r.rawReader.GetSsvcs)
}

// lookUp asks once per CVE. The database compares CVEs without regard to case.
// The answers are shared and only read: grype and we copy out of them.
func lookUp[T any](c *cache[string, []T], cve string, ask func(string) ([]T, error)) ([]T, error) {
	key := strings.ToLower(cve)
	if known, ok := c.get(key); ok {
		return known, nil
	}
	answer, err := ask(cve)
	if err != nil {
		return nil, err
	}
	c.put(key, answer, 1)
	return answer, nil
}
