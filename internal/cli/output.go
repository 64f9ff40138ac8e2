package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/report"
)

// output is where and how a command writes its result.
type output struct {
	format  string
	file    string
	formats []string
}

// outputFlags adds -o and --output-file with the formats that the command knows.
func outputFlags(c *cobra.Command, formats ...string) *output {
	o := &output{formats: formats}
	c.Flags().StringVarP(&o.format, "output", "o", "text", "`format` of the result: "+strings.Join(formats, ", "))
	c.Flags().StringVar(&o.file, "output-file", "", "write the result to this `file` instead of standard output")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return o
}

// reportFormats are the formats that findings can be written in.
func reportFormats() []string {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, string(f))
	}
	return names
}

// check refuses a format before any work is done.
func (o *output) check() error {
	o.format = strings.ToLower(o.format)
	if !slices.Contains(o.formats, o.format) {
		return fmt.Errorf("output format %q: want %s: %w", o.format, strings.Join(o.formats, ", "), errUsage)
	}
	if o.file == "" {
		return nil
	}
	return checkFile(o.file)
}

// checkFile refuses a place that cannot become a file, before any work is done.
func checkFile(name string) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return fmt.Errorf("--output-file %q is a directory; name a file in it: %w", name, errUsage)
	}
	dir := filepath.Dir(name)
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("--output-file %q: %w", name, placeError(err))
	}
	if !info.IsDir() {
		return fmt.Errorf("--output-file %q: %q is no directory: %w", name, dir, errUsage)
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("--output-file %q: %w", name, placeError(err))
	}
	_ = f.Close() // nothing was written
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("--output-file %q: %w", name, placeError(err))
	}
	return nil
}

// placeError says why a place cannot be written, without the names of our own
// temporary files, and gives it a category.
func placeError(err error) error {
	cause := err
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		cause = e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		cause = e.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("its directory does not exist: %w", fault.ErrNotFound)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.Local(fmt.Errorf("its directory cannot be written (%w); make it writable, or name another place: %w", cause, fault.ErrDenied))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk is full: %w: %w", cause, fault.ErrInvalid)
	}
	return fmt.Errorf("%w: %w", cause, fault.ErrInvalid)
}

// write gives the result to emit's writer, all at once: a file is replaced only
// by a whole one.
func (r *runner) write(o *output, emit func(io.Writer) error) error {
	if o.file == "" {
		return emit(r.Out)
	}
	var b bytes.Buffer
	if err := emit(&b); err != nil {
		return err
	}
	return replaceFile(o.file, b.Bytes())
}

func replaceFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %q: %w", name, placeError(err))
	}
	_, err = f.Write(data)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644) //nolint:gosec // a report is for others to read; what it tells is the user's choice of place
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %q: %w", name, placeError(err))
	}
	return nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// report writes a report in the format asked for.
func (r *runner) report(o *output, rep report.Report, layout report.Layout) error {
	rep.GeneratedAt, rep.Version, rep.Pages = r.Now().UTC(), r.Build.Version, r.pages()
	options := report.Options{Format: report.Format(o.format), Layout: layout}
	if o.file == "" {
		options.Color, options.Width = r.terminal(r.Out)
	}
	return r.write(o, func(w io.Writer) error { return report.Write(w, rep, options) })
}

func (r *runner) pages() map[string]exposure.Page {
	pages := map[string]exposure.Page{}
	topics := []string{exposure.DeleteTopic}
	for _, t := range r.Traits {
		topics = append(topics, t.ID)
	}
	for _, t := range topics {
		if p, ok := r.Page(t); ok {
			pages[t] = p
		}
	}
	return pages
}

// terminal tells whether colours may be used on a stream (https://no-color.org for
// NO_COLOR), and its width: that of $COLUMNS where there is no terminal, 0 for no
// limit.
func (r *runner) terminal(w io.Writer) (color bool, width int) {
	f, ok := w.(*os.File)
	is := ok && term.IsTerminal(int(f.Fd()))
	if is {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			width = columns
		}
	}
	if columns, err := strconv.Atoi(r.env["COLUMNS"]); err == nil && columns > 0 && width == 0 {
		width = columns
	}
	switch r.color {
	case "always":
		return true, width
	case "never":
		return false, width
	}
	return is && r.env["NO_COLOR"] == "" && r.env["TERM"] != "dumb", width
}
