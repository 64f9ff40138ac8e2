package estate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// insights is a query of CloudWatch Logs Insights: of its language, filter, parse, stats,
// sort and limit, as far as a test of who calls a cluster needs them.
type insights struct {
	keep   []func(record) bool
	parse  []parsing
	sums   []sum
	groups []string
	sort   string
	limit  int
}

type parsing struct {
	field   string
	pattern *regexp.Regexp
}

// sum is one value of stats: count, min, max or latest of a field, under a name.
type sum struct{ function, field, name string }

var (
	conditionShape = regexp.MustCompile(`^(ispresent\()?([@\w.]+)\)?(?:\s+(=|!=|like|not like)\s+(?:"([^"]*)"|/(.*)/))?$`)
	parseShape     = regexp.MustCompile(`^([@\w.]+)\s+/(.*)/$`)
	sumShape       = regexp.MustCompile(`^(count|min|max|latest)\(([@\w.*]+)\) as (\w+)$`)
)

// compileInsights reads a query. Commands end at a | that has a space on both sides.
func compileInsights(text string) (insights, error) {
	var p insights
	for command := range strings.SplitSeq(strings.Join(strings.Fields(text), " "), " | ") {
		name, rest, _ := strings.Cut(command, " ")
		var err error
		switch name {
		case "filter":
			err = p.filter(rest)
		case "parse":
			err = p.addParse(rest)
		case "stats":
			err = p.stats(rest)
		case "sort":
			p.sort = strings.TrimSuffix(rest, " desc")
		case "limit":
			p.limit, err = strconv.Atoi(rest)
		default:
			err = fmt.Errorf("unexpected symbol found %s", name)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *insights) filter(text string) error {
	for part := range strings.SplitSeq(text, " and ") {
		m := conditionShape.FindStringSubmatch(part)
		if m == nil || (m[1] == "") == (m[3] == "") {
			return fmt.Errorf("mismatched input %s", part)
		}
		pattern, err := regexp.Compile(m[5])
		if err != nil {
			return err
		}
		p.keep = append(p.keep, func(r record) bool {
			value, there := r.value(m[2])
			switch m[3] {
			case "=":
				return there && value == m[4]
			case "!=":
				return there && value != m[4]
			case "like":
				return there && pattern.MatchString(value)
			case "not like":
				return there && !pattern.MatchString(value)
			}
			return there
		})
	}
	return nil
}

func (p *insights) addParse(text string) error {
	m := parseShape.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("mismatched input %s", text)
	}
	pattern, err := regexp.Compile(m[2])
	p.parse = append(p.parse, parsing{m[1], pattern})
	return err
}

func (p *insights) stats(text string) error {
	sums, by, _ := strings.Cut(text, " by ")
	for part := range strings.SplitSeq(sums, ", ") {
		m := sumShape.FindStringSubmatch(part)
		if m == nil {
			return fmt.Errorf("mismatched input %s", part)
		}
		p.sums = append(p.sums, sum{m[1], m[2], m[3]})
	}
	p.groups = strings.Split(by, ", ")
	return nil
}

// value gives a field of a record.
func (r record) value(field string) (string, bool) {
	switch field {
	case "@timestamp":
		return strconv.FormatInt(r.at.UnixMilli(), 10), true
	case "@message":
		return r.message, true
	case "@logStream":
		return r.stream, true
	}
	v, ok := r.fields[field]
	return v, ok
}

// run gives the rows of a query over records.
func (p *insights) run(records []record) [][]cell {
	groups := map[string][]record{}
	var keys []string
	for _, r := range records {
		if slices.ContainsFunc(p.keep, func(keep func(record) bool) bool { return !keep(r) }) {
			continue
		}
		for _, one := range p.parse {
			text, _ := r.value(one.field)
			if m := one.pattern.FindStringSubmatch(text); m != nil {
				for i, name := range one.pattern.SubexpNames() {
					if name != "" {
						r.fields[name] = m[i]
					}
				}
			}
		}
		values := make([]string, len(p.groups))
		for i, g := range p.groups {
			values[i], _ = r.value(g)
		}
		key := strings.Join(values, "\x00")
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], r)
	}
	rows := make([][]cell, 0, len(keys))
	for _, key := range keys {
		rows = append(rows, p.row(groups[key]))
	}
	slices.SortStableFunc(rows, func(a, b []cell) int { return cmp.Compare(rank(b, p.sort), rank(a, p.sort)) })
	if p.limit > 0 && len(rows) > p.limit {
		rows = rows[:p.limit]
	}
	return rows
}

func (p *insights) row(records []record) []cell {
	var row []cell
	for _, g := range p.groups {
		if value, ok := records[0].value(g); ok { // Insights leaves out what a row has not
			row = append(row, cell{g, value})
		}
	}
	for _, s := range p.sums {
		row = append(row, cell{s.name, s.of(records)})
	}
	return row
}

func (s sum) of(records []record) string {
	if s.function == "count" {
		return strconv.Itoa(len(records))
	}
	best := records[0]
	for _, r := range records[1:] {
		if later := r.at.After(best.at); later == (s.function != "min") {
			best = r
		}
	}
	value, _ := best.value(s.field)
	return value
}

func rank(row []cell, field string) int {
	for _, v := range row {
		if v.Field == field {
			n, _ := strconv.Atoi(v.Value) // 0 for what is no number
			return n
		}
	}
	return 0
}
