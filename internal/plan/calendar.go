package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // machines without a database of zones

	"github.com/eksposure/eksposure/internal/fault"
)

// Calendar says when actions may begin. The zero Calendar is always open.
type Calendar struct {
	windows []window
	freezes []freeze
}

// window is a span of the hours of some days.
type window struct {
	text       string
	days       [7]bool // by time.Weekday, of its beginning
	start, end clock
	zone       *time.Location
}

// clock is a time of the day.
type clock struct{ hour, minute int }

// freeze is a span of days, the last of them too.
type freeze struct {
	text        string
	first, last time.Time // midnights
}

// ParseCalendar reads maintenance windows, "[DAYS] HH:MM-HH:MM [ZONE]", and freezes,
// "DATE/DATE [ZONE]". Days are Mon-Fri or Sat,Sun, and every day when left out; a
// window that ends when it begins, or before, ends on the next day; zones are of the IANA
// database, and UTC when left out. With no window every time is in one.
func ParseCalendar(windows, freezes []string) (Calendar, error) {
	var c Calendar
	for _, text := range windows {
		w, err := parseWindow(text)
		if err != nil {
			return Calendar{}, fmt.Errorf("window %q: %w; want DAYS HH:MM-HH:MM ZONE, as in \"Mon-Thu 09:00-16:00 Europe/Berlin\": %w", text, err, fault.ErrInvalid)
		}
		c.windows = append(c.windows, w)
	}
	for _, text := range freezes {
		f, err := parseFreeze(text)
		if err != nil {
			return Calendar{}, fmt.Errorf("freeze %q: %w; want DATE/DATE ZONE, as in \"2026-12-20/2027-01-03 Europe/Berlin\": %w", text, err, fault.ErrInvalid)
		}
		c.freezes = append(c.freezes, f)
	}
	return c, nil
}

func parseWindow(text string) (window, error) {
	w := window{text: text, zone: time.UTC, days: [7]bool{true, true, true, true, true, true, true}}
	fields := strings.Fields(text)
	if len(fields) > 1 && !strings.Contains(fields[0], ":") {
		var err error
		if w.days, err = parseDays(fields[0]); err != nil {
			return w, err
		}
		fields = fields[1:]
	}
	if len(fields) == 2 {
		var err error
		if w.zone, err = time.LoadLocation(fields[1]); err != nil {
			return w, err
		}
		fields = fields[:1]
	}
	if len(fields) != 1 {
		return w, fmt.Errorf("%d parts", len(strings.Fields(text)))
	}
	from, to, ok := strings.Cut(fields[0], "-")
	if !ok {
		return w, fmt.Errorf("%q is no span of time", fields[0])
	}
	for _, part := range []struct {
		text string
		into *clock
	}{{from, &w.start}, {to, &w.end}} {
		at, err := time.Parse("15:04", part.text)
		if err != nil {
			return w, fmt.Errorf("%q is no time of the day", part.text)
		}
		*part.into = clock{at.Hour(), at.Minute()}
	}
	return w, nil
}

func parseDays(text string) (days [7]bool, err error) {
	names := []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	for part := range strings.SplitSeq(text, ",") {
		from, to, span := strings.Cut(part, "-")
		if !span {
			to = from
		}
		first, last := slices.Index(names, from), slices.Index(names, to)
		if first < 0 || last < 0 {
			return days, fmt.Errorf("%q is none of %s", part, strings.Join(names, ", "))
		}
		for d := first; ; d = (d + 1) % len(names) {
			days[d] = true
			if d == last {
				break
			}
		}
	}
	return days, nil
}

func parseFreeze(text string) (freeze, error) {
	f := freeze{text: text}
	fields := strings.Fields(text)
	zone := time.UTC
	if len(fields) == 2 {
		var err error
		if zone, err = time.LoadLocation(fields[1]); err != nil {
			return f, err
		}
		fields = fields[:1]
	}
	if len(fields) != 1 {
		return f, fmt.Errorf("%d parts", len(fields))
	}
	first, last, ok := strings.Cut(fields[0], "/")
	if !ok {
		return f, fmt.Errorf("%q is no span of days", fields[0])
	}
	var err error
	if f.first, err = time.ParseInLocation(time.DateOnly, first, zone); err != nil {
		return f, fmt.Errorf("%q is no date", first)
	}
	if f.last, err = time.ParseInLocation(time.DateOnly, last, zone); err != nil {
		return f, fmt.Errorf("%q is no date", last)
	}
	if f.last.Before(f.first) {
		return f, fmt.Errorf("%s is before %s", last, first)
	}
	return f, nil
}

// over is when the freeze is over.
func (f freeze) over() time.Time { return f.last.AddDate(0, 0, 1) }

// on gives the span of the window that begins on a day.
func (w window) on(day time.Time) (start, end time.Time) {
	y, m, d := day.Date()
	start = time.Date(y, m, d, w.start.hour, w.start.minute, 0, 0, w.zone)
	if w.end.hour*60+w.end.minute <= w.start.hour*60+w.start.minute {
		d++
	}
	return start, time.Date(y, m, d, w.end.hour, w.end.minute, 0, 0, w.zone)
}

// horizon bounds how far ahead Opens looks.
const horizon = 2 * 365 * 24 * time.Hour

// Opens gives the first time, from t on, at which an action may begin, and what keeps
// it from beginning at t; empty when nothing does. A calendar that does not open for
// two years gives the end of those.
func (c Calendar) Opens(t time.Time) (at time.Time, why string) {
	for at = t; at.Before(t.Add(horizon)); {
		next, reason := c.blocked(at)
		if reason == "" {
			return at, why
		}
		if why == "" {
			why = reason
		}
		at = next
	}
	return at, why
}

// blocked says what keeps an action from beginning at a time, and when to ask again.
func (c Calendar) blocked(t time.Time) (next time.Time, why string) {
	for _, f := range c.freezes {
		if !t.Before(f.first) && t.Before(f.over()) {
			return f.over(), "the freeze " + f.text
		}
	}
	if len(c.windows) == 0 {
		return t, ""
	}
	next = t.Add(horizon)
	for _, w := range c.windows {
		today := t.In(w.zone)
		for offset := -1; offset <= 7; offset++ {
			day := today.AddDate(0, 0, offset)
			start, end := w.on(day)
			if !w.days[start.Weekday()] {
				continue
			}
			if !t.Before(start) && t.Before(end) {
				return t, ""
			}
			if start.After(t) && start.Before(next) {
				next = start
			}
		}
	}
	return next, "no maintenance window is open"
}
