package cloud

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	// calendarLife is how long one region's answer is used: AWS announces changes
	// months ahead, so a scan of a fleet asks each region once.
	calendarLife = time.Hour
	// calendarSource names the call in a calendar that AWS gave.
	calendarSource = "DescribeClusterVersions"
	// builtInDate is when the built-in table was copied from AWS's page.
	builtInDate = "2026-11-24"
	// eksClusterType is the type of clusters whose control plane AWS hosts;
	// Outposts have their own versions.
	eksClusterType = "eks"
)

// versions fills the calendar; without DescribeClusterVersions the dated
// built-in table stands in, and a gap of that call says so.
func (r *reader) versions(ctx context.Context) {
	calendar, err := r.c.calendar(ctx, place{r.ref.Account, r.ref.Region})
	if err != nil {
		r.standIn(err)
		return
	}
	r.snapshot.Calendar = calendar
}

// standIn fills the calendar without a call: with what another cluster of the
// region gave lately, else with the built-in table.
func (r *reader) standIn(err error) {
	known, ok := r.c.keptCalendar(r.ref.Region)
	if !ok {
		r.gap(inventory.SectionVersions, calendarSource, err)
		known = BuiltInCalendar(r.c.cfg.Now())
	}
	r.snapshot.Calendar = known
}

// calendar gives a region's calendar, from any account's answer that is fresh.
func (c *Client) calendar(ctx context.Context, p place) (inventory.Calendar, error) {
	for {
		if known, ok := c.keptCalendar(p.region); ok {
			return known, nil
		}
		answer, err, shared := c.flight.Do("calendar/"+p.account+"/"+p.region, func() (any, error) {
			fresh, err := c.readCalendar(ctx, p)
			if err != nil {
				return nil, err
			}
			c.keepCalendar(p.region, fresh)
			return fresh, nil
		})
		if shared && errors.Is(err, context.Canceled) && ctx.Err() == nil {
			continue // another caller gave up; this one has not
		}
		if err != nil {
			return inventory.Calendar{}, err
		}
		fresh, _ := answer.(inventory.Calendar)
		return clone(fresh), nil
	}
}

func (c *Client) keptCalendar(region string) (inventory.Calendar, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.calendars[region]
	if !ok || !c.cfg.Clock().Before(k.until) {
		return inventory.Calendar{}, false
	}
	return clone(k.value), true
}

func (c *Client) keepCalendar(region string, value inventory.Calendar) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calendars[region] = kept[inventory.Calendar]{value: value, until: c.cfg.Clock().Add(calendarLife)}
}

// clone gives each snapshot a list of its own.
func clone(cal inventory.Calendar) inventory.Calendar {
	cal.Versions = slices.Clone(cal.Versions)
	return cal
}

func (c *Client) readCalendar(ctx context.Context, p place) (inventory.Calendar, error) {
	client, err := c.eks(ctx, p)
	if err != nil {
		return inventory.Calendar{}, err
	}
	calendar := inventory.Calendar{Source: calendarSource, ReadAt: c.cfg.Now().UTC()}
	err = c.pages(ctx, eksDescribeClusterVersions, func(ctx context.Context, token *string) (*string, error) {
		// IncludeAll adds the versions whose support has ended.
		out, err := client.DescribeClusterVersions(ctx, &eks.DescribeClusterVersionsInput{IncludeAll: aws.Bool(true), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, v := range out.ClusterVersions {
			if t := aws.ToString(v.ClusterType); t != "" && t != eksClusterType {
				continue
			}
			calendar.Versions = append(calendar.Versions, inventory.VersionSupport{
				Version: aws.ToString(v.ClusterVersion), Status: supportOf(v), Default: v.DefaultVersion,
				Released: utc(v.ReleaseDate), EndOfStandard: utc(v.EndOfStandardSupportDate), EndOfExtended: utc(v.EndOfExtendedSupportDate),
			})
		}
		return out.NextToken, nil
	})
	if err != nil {
		return inventory.Calendar{}, err
	}
	if len(calendar.Versions) == 0 {
		return inventory.Calendar{}, malformed(eksDescribeClusterVersions, "no version at all")
	}
	sortVersions(calendar.Versions)
	return calendar, nil
}

// supportOf gives the version's status in the words of versionStatus; answers
// from before that field have only the deprecated one.
func supportOf(v ekstypes.ClusterVersionInformation) string {
	if v.VersionStatus != "" {
		return string(v.VersionStatus)
	}
	return strings.ToUpper(strings.ReplaceAll(string(v.Status), "-", "_"))
}

// sortVersions orders newest first, by number.
func sortVersions(list []inventory.VersionSupport) {
	slices.SortStableFunc(list, func(a, b inventory.VersionSupport) int {
		va, errA := inventory.ParseKubernetesVersion(a.Version)
		vb, errB := inventory.ParseKubernetesVersion(b.Version)
		if errA != nil || errB != nil {
			return strings.Compare(b.Version, a.Version)
		}
		return vb.Compare(va)
	})
}

// BuiltInCalendar is the dated table that stands in when AWS's own calendar
// cannot be read; each status is as of now. The dates are those of the EKS user
// guide, "Understand the Kubernetes version lifecycle on EKS", on builtInDate.
func BuiltInCalendar(now time.Time) inventory.Calendar {
	calendar := inventory.Calendar{
		Source:  "built-in table of " + builtInDate + " (EKS user guide, Kubernetes version lifecycle)",
		ReadAt:  now.UTC(),
		BuiltIn: true,
	}
	for _, row := range []struct{ version, released, standard, extended string }{
		{"1.36", "2026-06-02", "2027-08-02", "2028-08-02"},
		{"1.35", "2026-01-27", "2027-03-27", "2028-03-27"},
		{"1.34", "2025-10-02", "2026-12-02", "2027-12-02"},
		{"1.33", "2025-05-29", "2026-07-29", "2027-07-29"},
		{"1.32", "2025-01-23", "2026-03-23", "2027-03-23"},
		{"1.31", "2024-09-26", "2025-11-26", "2026-11-26"},
		{"1.30", "2024-05-23", "2025-07-23", "2026-07-23"},
		{"1.29", "2024-01-23", "2025-03-23", "2026-03-23"},
	} {
		v := inventory.VersionSupport{
			Version: row.version, Released: day(row.released), EndOfStandard: day(row.standard), EndOfExtended: day(row.extended),
		}
		v.Status = statusAt(v, now)
		calendar.Versions = append(calendar.Versions, v)
	}
	return calendar
}

func statusAt(v inventory.VersionSupport, now time.Time) string {
	switch {
	case now.Before(v.EndOfStandard):
		return string(ekstypes.VersionStatusStandardSupport)
	case now.Before(v.EndOfExtended):
		return string(ekstypes.VersionStatusExtendedSupport)
	}
	return string(ekstypes.VersionStatusUnsupported)
}

// day reads a date of the table above as midnight UTC.
func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err) // a defect in the table, found by any test
	}
	return t
}
