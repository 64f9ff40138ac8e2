// Match measures how long it takes to match the SBOMs of a fleet whose images
// share most of their packages, beside a plain loop over the grype library in
// the same process:
//
//	go run ./bench/match
//
// It makes 1,000 SBOMs from one large image's: each keeps 95 % of the packages
// as they are and has the other 5 % in versions of its own. It verifies that
// both ways find the same, and prints a table.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/eksposure/eksposure/internal/vuln"
	"github.com/eksposure/eksposure/internal/vulndb"
	"github.com/eksposure/eksposure/internal/vulndb/vulndbtest"
)

// options are the command's flags.
type options struct {
	sboms, plain int
	image        string
	own          float64
}

func main() {
	var o options
	flag.IntVar(&o.sboms, "sboms", 1000, "SBOMs in the fleet")
	flag.IntVar(&o.plain, "plain", 1000, "SBOMs that the plain loop does, spread over the fleet")
	flag.StringVar(&o.image, "image", "shop-web", "image of the estate that the SBOMs are made from")
	flag.Float64Var(&o.own, "own", 0.05, "share of each image's packages that no other has")
	flag.Parse()
	if err := bench(context.Background(), os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "match:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, out io.Writer, o options) error {
	dir, err := os.MkdirTemp("", "bench-match-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cfg := vulndb.Config{Dir: dir, Now: time.Now}
	if err := vulndb.Import(ctx, cfg, vulndbtest.Sample()); err != nil {
		return err
	}
	fleet, packages, err := makeFleet(ctx, o)
	if err != nil {
		return err
	}
	size := 0
	for _, s := range fleet {
		size += len(s.Document)
	}
	fmt.Fprintf(out, "%d SBOMs of %d packages, %.1f%% of them shared, %d KiB each\n\n",
		len(fleet), packages, 100*(1-o.own), size/len(fleet)/1024)

	plain, err := measurePlain(ctx, dir, every(fleet, o.plain))
	if err != nil {
		return err
	}
	first, err := measure(ctx, cfg, fleet, 1)
	if err != nil {
		return err
	}
	twice, err := measure(ctx, cfg, fleet, 2)
	if err != nil {
		return err
	}
	if err := same(ctx, cfg, every(fleet, min(o.plain, verified))); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tSBOMs\tms each\tmatches each\theap MiB\tratio\t")
	for _, row := range []struct {
		name string
		r    result
	}{
		{"plain grype library", plain},
		{"eksposure, cold", first},
		{"eksposure, same fleet again", result{n: twice.n, took: twice.last, matches: twice.matches, heap: twice.heap}},
	} {
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%d\t%d\t%.1fx\t\n", row.name, row.r.n, row.r.each(), row.r.matches/row.r.n,
			row.r.heap>>20, plain.each()/row.r.each())
	}
	return w.Flush()
}

// verified is how many SBOMs are compared match by match; all would double the plain time.
const verified = 100

type result struct {
	n, matches int
	took, last time.Duration
	heap       uint64
}

func (r result) each() float64 { return float64(r.took.Microseconds()) / 1000 / float64(r.n) }

// measure matches all SBOMs, one after the other, as often as told with one database.
func measure(ctx context.Context, cfg vulndb.Config, sboms []vuln.SBOM, times int) (r result, err error) {
	db, err := vulndb.Open(cfg)
	if err != nil {
		return r, err
	}
	defer db.Close()
	for range times {
		r.matches = 0
		runtime.GC()
		start := time.Now()
		for _, s := range sboms {
			report, err := db.Match(ctx, s)
			if err != nil {
				return r, err
			}
			r.matches += len(report.Matches)
		}
		r.last = time.Since(start)
		r.took += r.last
	}
	r.n = len(sboms)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.heap = m.HeapAlloc
	return r, nil
}

// measurePlain does what measure does with nothing but the grype library.
func measurePlain(ctx context.Context, dir string, sboms []vuln.SBOM) (r result, err error) {
	db, err := vulndbtest.OpenPlain(dir)
	if err != nil {
		return r, err
	}
	defer db.Close()
	runtime.GC()
	start := time.Now()
	for _, s := range sboms {
		found, err := db.Match(ctx, s.Document)
		if err != nil {
			return r, err
		}
		r.matches += len(found)
	}
	r.n, r.took = len(sboms), time.Since(start)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.heap = m.HeapAlloc
	return r, nil
}

// same fails unless both ways find the same.
func same(ctx context.Context, cfg vulndb.Config, sboms []vuln.SBOM) error {
	quick, err := vulndb.Open(cfg)
	if err != nil {
		return err
	}
	defer quick.Close()
	cfg.Forget = true
	plain, err := vulndb.Open(cfg)
	if err != nil {
		return err
	}
	defer plain.Close()
	for i, s := range sboms {
		var said [2]string
		for j, db := range []*vulndb.DB{quick, plain} {
			report, err := db.Match(ctx, s)
			if err != nil {
				return err
			}
			b, err := json.Marshal(report)
			if err != nil {
				return err
			}
			said[j] = string(b)
		}
		if said[0] != said[1] {
			return fmt.Errorf("SBOM %d: the answers differ", i)
		}
	}
	return nil
}

// every picks n of the SBOMs, evenly.
func every(sboms []vuln.SBOM, n int) []vuln.SBOM {
	n = min(n, len(sboms))
	out := make([]vuln.SBOM, n)
	for i := range out {
		out[i] = sboms[i*len(sboms)/n]
	}
	return out
}

// makeFleet makes the SBOMs. An own package is one of the image's in a version
// that says which SBOM it is of, so that its entry and its answer are new.
func makeFleet(ctx context.Context, o options) ([]vuln.SBOM, int, error) {
	base, err := vulndbtest.Images(ctx, o.image)
	if err != nil {
		return nil, 0, err
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(base[0].SBOM.Document, &doc); err != nil {
		return nil, 0, err
	}
	var artifacts []map[string]any
	if err := json.Unmarshal(doc["artifacts"], &artifacts); err != nil {
		return nil, 0, err
	}
	own := max(1, int(float64(len(artifacts))*o.own+0.5))
	var fleet []vuln.SBOM
	for n := range o.sboms {
		mine := slices.Clone(artifacts)
		for k := range own {
			i := (n*own + k) % len(mine)
			a := maps.Clone(mine[i])
			a["version"] = fmt.Sprintf("%v+own%d", a["version"], n)
			mine[i] = a
		}
		raw, err := json.Marshal(mine)
		if err != nil {
			return nil, 0, err
		}
		fleet = append(fleet, vuln.SBOM{ImageDigest: fmt.Sprintf("sha256:%064d", n), Format: "syft-json", Document: assemble(doc, raw)})
	}
	return fleet, len(artifacts), nil
}

// assemble writes a syft document; its schema comes last, as syft writes it.
func assemble(doc map[string]json.RawMessage, artifacts json.RawMessage) []byte {
	b := []byte(`{"artifacts":`)
	b = append(b, artifacts...)
	for _, key := range []string{"artifactRelationships", "files", "source", "distro", "descriptor", "schema"} {
		b = append(b, fmt.Sprintf(",%q:", key)...)
		b = append(b, cmp.Or(string(doc[key]), "null")...)
	}
	return append(b, '}')
}
