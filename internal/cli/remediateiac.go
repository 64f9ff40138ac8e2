package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/iac"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// codeFolder is a folder of infrastructure code that a patch is written for.
type codeFolder struct {
	dir, file string
	// root is the repository that the folder is in, or the folder itself where it is in
	// none; prefix is the folder's place in it.
	root, prefix string
}

func (f *codeFolder) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.dir, "iac", "", "write a patch of the infrastructure code in this `folder` instead of a plan")
	c.Flags().StringVar(&f.file, "file", "", "`file` of the folder that the cluster or the workload is in, where there are several; with --iac")
}

// check looks at the folder before any work is done.
func (f *codeFolder) check() error {
	if f.dir == "" {
		if f.file != "" {
			return fmt.Errorf("--file goes with --iac: %w", errUsage)
		}
		return nil
	}
	info, err := os.Stat(f.dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("--iac %q is a file; name the folder that it is in: %w", f.dir, errUsage)
	}
	if err != nil {
		return fmt.Errorf("--iac %q: the folder cannot be read: %w", f.dir, errUsage)
	}
	dir, err := filepath.Abs(f.dir)
	if err != nil {
		return fmt.Errorf("--iac %q: %w", f.dir, err)
	}
	f.root = repository(dir)
	if f.prefix, err = filepath.Rel(f.root, dir); err != nil {
		return fmt.Errorf("--iac %q: %w", f.dir, err)
	}
	f.prefix = filepath.ToSlash(f.prefix)
	f.file = within(dir, f.file)
	return nil
}

// repository is the folder above, or this one, that has .git; this one where none has.
func repository(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// within gives a file's name in the folder: it may be given by that, or by its path.
func within(dir, file string) string {
	if file == "" {
		return ""
	}
	if whole, err := filepath.Abs(file); err == nil {
		if name, err := filepath.Rel(dir, whole); err == nil && filepath.IsLocal(name) {
			return filepath.ToSlash(name)
		}
	}
	return filepath.ToSlash(filepath.Clean(file))
}

// writePatch writes a plan's change of a folder to the output, and what to know about
// it to standard error.
func (r *runner) writePatch(out *output, f codeFolder, p *plan.Plan) error {
	if failed := p.With(plan.Failed); len(failed) > 0 {
		r.tell("Failed: ", checkLines(p, plan.Failed))
		return fmt.Errorf("no patch is made, as these checks failed: %s; mend what they say: %w", strings.Join(failed, ", "), fault.ErrConflict)
	}
	w, err := iac.WishOf(p)
	if err != nil {
		return err
	}
	patch, err := iac.Write(os.DirFS(f.dir), w, f.file)
	if err != nil {
		r.tell("Left to you: ", leftLines(patch.Left))
		return fmt.Errorf("--iac %q: %w", f.dir, fault.Local(err))
	}
	diff := patch.Diff(f.prefix)
	err = r.write(out, func(w io.Writer) error {
		if out.format == "json" {
			return writeJSON(w, struct {
				iac.Patch

				Diff string     `json:"diff"`
				Plan *plan.Plan `json:"plan"`
			}{patch, string(diff), p})
		}
		_, err := w.Write(diff)
		return err
	})
	if err != nil {
		return err
	}
	r.tell("", []string{
		fmt.Sprintf("%s: %d of the folder's files would change; nothing was changed. Apply it in %s: git apply PATCH", p.Title, len(patch.Files), f.root),
		"A live change of the same (eksposure remediate apply) would drift from the files: the next run of their tool takes it back until they say it, too.",
	})
	r.tell("Note: ", patch.Notes)
	for _, note := range p.Notes {
		if note != remediation.NoteDrift {
			r.tell("Note: ", []string{note})
		}
	}
	r.tell("To check: ", checkLines(p, plan.Unknown))
	r.tell("Left to you: ", leftLines(patch.Left))
	return nil
}

// tell writes lines to standard error.
func (r *runner) tell(mark string, lines []string) {
	for _, l := range lines {
		_, _ = fmt.Fprintln(r.Err, mark+printable(l))
	}
}

func leftLines(list []iac.Left) []string {
	lines := make([]string, len(list))
	for i, l := range list {
		lines[i] = l.String()
	}
	return lines
}

func checkLines(p *plan.Plan, v plan.Verdict) []string {
	var lines []string
	for _, c := range p.Checks {
		if c.Verdict == v {
			lines = append(lines, c.Name+": "+c.Detail)
		}
	}
	return lines
}
