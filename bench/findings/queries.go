package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/search"
	"github.com/eksposure/eksposure/internal/store"
)

type bench struct {
	db *store.DB
	o  options
}

// query is one of the usual ones; n makes each run ask for something else.
type query struct {
	name string
	ask  func(ctx context.Context, b bench, n int) (int, error)
}

func page(filters string, sort ...search.Sort) func(ctx context.Context, b bench, n int) (int, error) {
	return func(ctx context.Context, b bench, n int) (int, error) {
		r := search.Request{Limit: search.MaxPage, Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Sort: sort}
		if err := json.Unmarshal(b.numbered(filters, n), &r.Filters); err != nil {
			return 0, err
		}
		p, err := b.db.Search(ctx, r)
		return len(p.Documents), err
	}
}

// numbered puts a run's number into filters: {n}, or with three digits {nnn}.
func (b bench) numbered(filters string, n int) []byte {
	return []byte(strings.NewReplacer("{nnn}", fmt.Sprintf("%03d", n%b.o.accounts), "{n}", strconv.Itoa(n%97)).Replace(filters))
}

func groups(filters string, fields ...string) func(ctx context.Context, b bench, n int) (int, error) {
	return func(ctx context.Context, b bench, n int) (int, error) {
		r := search.GroupRequest{Limit: 10, Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
		for _, field := range fields {
			rule := search.GroupRule{Field: field, Filters: &search.Filters{}}
			if err := json.Unmarshal(b.numbered(filters, n), rule.Filters); err != nil {
				return 0, err
			}
			r.Rules = append(r.Rules, rule)
		}
		list, err := b.db.Statistics(ctx, r)
		return len(list), err
	}
}

// composite writes filters with one composite.
func composite(inside string) string { return `{"CompositeFilters":[{` + inside + `}]}` }

func text(field, comparison, value string) string {
	return `"StringFilters":[{"FieldName":"` + field + `","Filter":{"Comparison":"` + comparison + `","Value":"` + value + `"}}]`
}

func queries() []query {
	severity := search.Sort{Field: "severity_id", Order: search.Descending}
	modified := search.Sort{Field: "finding_info.modified_time_dt", Order: search.Descending}
	none := `{"CompositeFilters":[{}],"CompositeOperator":"AND"}`
	return []query{
		{"most severe first", page(none, severity)},
		{"newest change first", page(none, modified)},
		{"most severe, newest first, active", page(composite(text("status", "EQUALS", "New")), severity, modified)},
		{"one account, most severe first", page(composite(text("cloud.account.uid", "EQUALS", "100000000{nnn}")), severity)},
		{"trait category, most severe first", page(composite(text("finding_info.related_events.traits.category", "EQUALS", "Vulnerability")), severity)},
		{"tag, most severe first", page(composite(`"MapFilters":[{"FieldName":"resources.tags","Filter":{"Key":"team","Value":"team-{n}","Comparison":"EQUALS"}}]`), severity)},
		{"title prefix, newest change first", page(composite(text("finding_info.title", "PREFIX", "Potential ")), modified)},
		{"created in a window of a day", page(composite(`"DateFilters":[{"FieldName":"finding_info.created_time_dt","Filter":{"Start":"2026-06-01T00:00:00Z","End":"2026-06-02T00:00:00Z"}}]`), severity)},
		{"two levels: severe and (region or tag), not archived", page(`{"CompositeFilters":[{"StringFilters":[
			{"FieldName":"severity","Filter":{"Value":"Critical","Comparison":"EQUALS"}},{"FieldName":"status","Filter":{"Value":"Archived","Comparison":"NOT_EQUALS"}}],
			"NestedCompositeFilters":[{"Operator":"OR",`+text("cloud.region", "EQUALS", "eu-west-1")+`,"MapFilters":[{"FieldName":"resources.tags","Filter":{"Key":"team","Value":"team-{n}","Comparison":"EQUALS"}}]}]}]}`, severity)},
		{"one cluster by its ARN", page(composite(text("resources.uid", "EQUALS", "arn:aws:eks:us-east-1:100000000{nnn}:cluster/cluster-0000{nnn}")))},
		{"statistics by five fields, active", groups(composite(text("status", "EQUALS", "New")), "severity", "cloud.account.uid", "finding_info.related_events.traits.category", "finding_info.types", "cloud.region")},
		{"statistics by five fields, one account", groups(composite(text("cloud.account.uid", "EQUALS", "100000000{nnn}")), "severity", "status", "finding_info.related_events.traits.category", "resources.type", "cloud.region")},
	}
}

func (b bench) queries(ctx context.Context) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "query\tanswers\tp50\tp99\tmax")
	for _, q := range queries() {
		var times []time.Duration
		answers := 0
		for n := range b.o.runs {
			started := time.Now()
			got, err := q.ask(ctx, b, n)
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			answers = max(answers, got)
			times = append(times, time.Since(started))
		}
		p50, p99, most := percentiles(times)
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", q.name, answers, p50, p99, most)
	}
	return w.Flush()
}

func percentiles(times []time.Duration) (p50, p99, most time.Duration) {
	slices.Sort(times)
	at := func(share int) time.Duration {
		return times[min(len(times)-1, len(times)*share/100)].Round(10 * time.Microsecond)
	}
	return at(50), at(99), at(100)
}

// walk reads all pages, and compares its first tenth with its last.
func (b bench) walk(ctx context.Context) error {
	r := search.Request{Limit: search.MaxPage, Now: time.Now(), Sort: []search.Sort{{Field: "severity_id", Order: search.Descending}}}
	var times []time.Duration
	findings := 0
	started := time.Now()
	for {
		began := time.Now()
		p, err := b.db.Search(ctx, r)
		if err != nil {
			return err
		}
		times = append(times, time.Since(began))
		findings += len(p.Documents)
		if p.Next == "" {
			break
		}
		r.Token = p.Next
	}
	tenth := max(len(times)/10, 1)
	first, _, _ := percentiles(slices.Clone(times[:tenth]))
	last, _, _ := percentiles(slices.Clone(times[len(times)-tenth:]))
	fmt.Printf("walk of %d findings, most severe first: %s; median page %s in the first tenth, %s in the last\n", findings, time.Since(started).Round(time.Millisecond), first, last)
	return nil
}

// crowd lets readers ask while findings are recorded.
func (b bench) crowd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var asked, recorded atomic.Int64
	var mu sync.Mutex
	var times []time.Duration
	var failed error
	var wg sync.WaitGroup
	list := queries()
	for reader := range b.o.readers {
		wg.Go(func() {
			for n := reader; ctx.Err() == nil; n++ {
				started := time.Now()
				_, err := list[n%len(list)].ask(ctx, b, n%1000)
				mu.Lock()
				if err != nil && ctx.Err() == nil {
					failed = err
				}
				times = append(times, time.Since(started))
				mu.Unlock()
				asked.Add(1)
			}
		})
	}
	m := newMaker(b.o.accounts)
	for i := 0; ctx.Err() == nil; i++ {
		o := m.outcome(i, 1_000_000, b.o)
		if o.Finding == nil {
			continue
		}
		o.Cluster.Name += "-new"
		o.Finding.Cluster.Ref = o.Cluster
		o.Finding.ID, o.Finding.UID = exposure.Identity(o.Cluster)
		if err := b.db.Record(ctx, o); err == nil {
			recorded.Add(1)
		}
	}
	wg.Wait()
	p50, p99, most := percentiles(times)
	fmt.Printf("%d readers while findings are recorded, 15 s: %d answers (p50 %s, p99 %s, max %s), %d findings recorded\n", b.o.readers, asked.Load(), p50, p99, most, recorded.Load())
	return failed
}
