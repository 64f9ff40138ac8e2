package plan_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

func TestCalendar(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	// 2026-11-25 is a Wednesday.
	tests := []struct {
		name             string
		windows, freezes []string
		at, opens, why   string
	}{
		{"nothing said", nil, nil, "2026-11-25T03:00:00Z", "2026-11-25T03:00:00Z", ""},
		{"inside", []string{"Mon-Thu 09:00-16:00"}, nil, "2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z", ""},
		{"its end is outside", []string{"Mon-Thu 09:00-16:00"}, nil, "2026-11-25T16:00:00Z", "2026-11-26T09:00:00Z", "window"},
		{"before", []string{"Mon-Thu 09:00-16:00"}, nil, "2026-11-25T08:59:59Z", "2026-11-25T09:00:00Z", "window"},
		{"over the weekend", []string{"Mon-Thu 09:00-16:00"}, nil, "2026-11-26T17:00:00Z", "2026-11-30T09:00:00Z", "window"},
		{"in a zone", []string{"Wed 09:00-16:00 Europe/Berlin"}, nil, "2026-11-25T08:00:00Z", "2026-11-25T08:00:00Z", ""},
		{"in summer", []string{"Wed 09:00-16:00 Europe/Berlin"}, nil, "2026-07-01T06:00:00Z", "2026-07-01T07:00:00Z", "window"},
		{"past midnight", []string{"Wed 22:00-04:00"}, nil, "2026-11-26T03:59:00Z", "2026-11-26T03:59:00Z", ""},
		{"of the day before alone", []string{"Wed 22:00-04:00"}, nil, "2026-11-25T03:59:00Z", "2026-11-25T22:00:00Z", "window"},
		{"a whole day", []string{"Wed 00:00-00:00"}, nil, "2026-11-25T23:59:59Z", "2026-11-25T23:59:59Z", ""},
		{"around the week", []string{"Sat-Mon 10:00-11:00"}, nil, "2026-11-25T00:00:00Z", "2026-11-28T10:00:00Z", "window"},
		{"listed days", []string{"Fri,Wed 10:00-11:00"}, nil, "2026-11-25T12:00:00Z", "2026-11-27T10:00:00Z", "window"},
		{"the earlier of two", []string{"Fri 10:00-11:00", "Thu 23:00-23:30"}, nil, "2026-11-25T12:00:00Z", "2026-11-26T23:00:00Z", "window"},
		{"frozen", nil, []string{"2026-11-20/2026-11-25"}, "2026-11-25T23:59:59Z", "2026-11-26T00:00:00Z", "freeze 2026-11-20"},
		{"frozen in a zone", nil, []string{"2026-11-20/2026-11-25 America/New_York"}, "2026-11-26T04:59:00Z", "2026-11-26T05:00:00Z", "freeze"},
		{"before a freeze", nil, []string{"2026-11-26/2026-11-27"}, "2026-11-25T23:59:59Z", "2026-11-25T23:59:59Z", ""},
		{"two freezes in a row", nil, []string{"2026-11-25/2026-11-25", "2026-11-26/2026-11-30"}, "2026-11-25T10:00:00Z", "2026-12-01T00:00:00Z", "freeze 2026-11-25"},
		{"a window in a freeze", []string{"Wed 09:00-16:00"}, []string{"2026-11-25/2026-12-03"}, "2026-11-25T10:00:00Z", "2026-12-09T09:00:00Z", "freeze"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := plan.ParseCalendar(tt.windows, tt.freezes)
			if err != nil {
				t.Fatal(err)
			}
			got, why := c.Opens(at(tt.at))
			if !got.Equal(at(tt.opens)) || (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
				t.Errorf("opens %s (%s), want %s (%s)", got, why, tt.opens, tt.why)
			}
		})
	}
	c, err := plan.ParseCalendar([]string{"Wed 09:00-16:00"}, []string{"2026-01-01/2099-01-01"})
	if err != nil {
		t.Fatal(err)
	}
	if got, why := c.Opens(at("2026-11-25T10:00:00Z")); got.Before(at("2028-01-01T00:00:00Z")) || why == "" {
		t.Errorf("frozen for good: opens %s (%s)", got, why)
	}
}

func TestCalendarsAreRefused(t *testing.T) {
	for _, text := range []string{"", "09:00", "9-17", "Mo 09:00-16:00", "Mon 09:00-16:00 Mars/Olympus", "Mon 25:00-26:00", "Mon 09:00-16:00 UTC x", "Mon-Xyz 09:00-10:00"} {
		if _, err := plan.ParseCalendar([]string{text}, nil); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("window %q: %v", text, err)
		}
	}
	for _, text := range []string{"", "2026-12-20", "2026-12-20/2026-12-19", "20.12.2026/21.12.2026", "2026-12-20/2026-12-32", "2026-12-20/2026-12-21 Mars/Olympus", "2026-12-20/2026-12-21 UTC x"} {
		if _, err := plan.ParseCalendar(nil, []string{text}); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("freeze %q: %v", text, err)
		}
	}
}
