package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

func (r *runner) dbCommand() *cobra.Command {
	return group("db", "Manage the vulnerability database",
		"Manages the vulnerability database (Grype's, version 6) that images are matched with. A scan refreshes it by itself when it is old.",
		r.dbStatusCommand(), r.dbUpdateCommand(), r.dbCheckCommand(), r.dbImportCommand())
}

func (r *runner) dbStatusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the database in use",
		Long:  "Shows the database in use. The exit code tells whether a scan could use it.",
		Example: `  eksposure db status
  eksposure db status -o json`,
		Args: noArgs,
	}
	out := outputFlags(c, "text", "json")
	settings(c, "cache_dir", "log_level", "vulnerability_database.dir")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return r.withDatabase(c, func(db Database) error {
			s, err := db.Status()
			if err != nil {
				return err
			}
			if s.Err != nil {
				s.Problem = message(s.Err)
			}
			if err := r.write(out, func(w io.Writer) error { return writeStatus(w, s, out.format) }); err != nil {
				return err
			}
			return s.Err
		})
	}
	return c
}

func writeStatus(w io.Writer, s DatabaseStatus, format string) error {
	if format == "json" {
		return writeJSON(w, s)
	}
	state := "usable"
	if s.Stale {
		state = "usable, older than the age limit: `eksposure db update`"
	}
	if !s.Valid {
		state = "not usable: " + s.Problem
	}
	return line(w, "Path    %s\nSchema  %s\nBuilt   %s\nSource  %s\nState   %s", s.Path, dash(s.Schema), day(s.Built), dash(s.Source), state)
}

func (r *runner) dbUpdateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "update",
		Short:   "Fetch the newest database",
		Example: "  eksposure db update",
		Args:    noArgs,
	}
	settings(c, "cache_dir", "log_level", "vulnerability_database.dir")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return r.withDatabase(c, func(db Database) error {
			p := r.progress()
			changed, err := db.Update(c.Context(), func(done, total int64) {
				if total > 0 {
					p.line(fmt.Sprintf("fetching the vulnerability database: %d of %d MiB", done>>20, total>>20))
				}
			})
			p.clear()
			if err != nil {
				return err
			}
			s, err := db.Status()
			if err != nil {
				return err
			}
			word := "is already the newest"
			if changed {
				word = "was updated"
			}
			return line(r.Out, "The vulnerability database %s: built %s.", word, day(s.Built))
		})
	}
	return c
}

func (r *runner) dbCheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Ask whether there is a newer database",
		Example: `  eksposure db check
  eksposure db check -o json`,
		Args: noArgs,
	}
	out := outputFlags(c, "text", "json")
	settings(c, "cache_dir", "log_level", "vulnerability_database.dir")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return r.withDatabase(c, func(db Database) error {
			a, err := db.Check(c.Context())
			if err != nil {
				return err
			}
			return r.write(out, func(w io.Writer) error {
				if out.format == "json" {
					return writeJSON(w, a)
				}
				if a.Newer {
					return line(w, "There is a newer database, built %s; in use: %s. `eksposure db update` fetches it.", day(a.Listed), day(a.Current))
				}
				return line(w, "The database in use is the newest: built %s.", day(a.Current))
			})
		})
	}
	return c
}

func (r *runner) dbImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "import ARCHIVE",
		Short: "Take a database from an archive, where there is no internet",
		Long:  "Takes the database from an archive that was fetched elsewhere. The old one stays in use when the archive is not sound.",
		Example: `  eksposure db import vulnerability-db.tar.zst
  eksposure db import vulnerability-db.tar.zst --vulnerability-db /var/lib/eksposure/db`,
		Args: args("an archive"),
	}
	settings(c, "cache_dir", "log_level", "vulnerability_database.dir")
	c.RunE = func(c *cobra.Command, given []string) error {
		return r.withDatabase(c, func(db Database) error {
			if err := db.Import(c.Context(), given[0]); err != nil {
				return err
			}
			s, err := db.Status()
			if err != nil {
				return err
			}
			return line(r.Out, "The vulnerability database was imported: built %s.", day(s.Built))
		})
	}
	return c
}

// withDatabase opens the backend for one use of its vulnerability database.
func (r *runner) withDatabase(c *cobra.Command, use func(Database) error) error {
	b, err := r.open(c)
	if err != nil {
		return err
	}
	defer r.close(b)
	return use(b.Database())
}

func line(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, format+"\n", args...)
	return err
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.RFC3339)
}
