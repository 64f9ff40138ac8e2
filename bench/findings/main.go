// Command findings measures searches over many findings: the twelve most usual
// queries, a walk of all pages, and readers while findings are recorded.
//
//	go run ./bench/findings [-clusters 100000] [-history 10] [-accounts 1000] [-inventory] [-readers 200] [-db FILE|postgres://…] [-ask]
//
// Of each cluster's findings one is open; the others are closed, of clusters of the
// same account that are gone. With -ask the database is taken as it is.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/eksposure/eksposure/internal/store"
)

func main() {
	o := options{}
	flag.IntVar(&o.clusters, "clusters", 100_000, "clusters that are there")
	flag.IntVar(&o.history, "history", 10, "findings for each of them, one open")
	flag.IntVar(&o.accounts, "accounts", 1000, "accounts that have them, at most a thousand")
	flag.BoolVar(&o.inventory, "inventory", false, "record the clusters too, with what runs in them")
	flag.IntVar(&o.readers, "readers", 200, "readers at the same time, while findings are recorded")
	flag.IntVar(&o.runs, "runs", 1000, "runs of each query")
	flag.StringVar(&o.place, "db", "", "SQLite file or PostgreSQL URL; a file that goes afterwards when it is left out")
	flag.BoolVar(&o.ask, "ask", false, "record nothing first: the database is filled")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "findings:", err)
		os.Exit(1)
	}
}

type options struct {
	clusters, history, accounts, readers, runs int
	place                                      string
	ask, inventory                             bool
}

func run(ctx context.Context, o options) error {
	if o.place == "" {
		dir, err := os.MkdirTemp("", "eksposure-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		o.place = filepath.Join(dir, "findings.db")
	}
	db, err := store.Open(ctx, store.Config{Place: o.place, Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if !o.ask {
		if err := fill(ctx, db, o); err != nil {
			return err
		}
	}
	b := bench{db: db, o: o}
	if err := b.queries(ctx); err != nil {
		return err
	}
	if err := b.walk(ctx); err != nil {
		return err
	}
	return b.crowd(ctx)
}
