package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (r *runner) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIRECTORY",
		Short:   "Write the man pages into a directory",
		Example: "  eksposure man ~/.local/share/man/man1",
		Args:    args("a directory"),
		RunE: func(c *cobra.Command, given []string) error {
			if err := os.MkdirAll(given[0], 0o755); err != nil { //nolint:gosec // manuals are for everybody
				return fmt.Errorf("write man pages: %w", fileError(err))
			}
			at := r.Build.Time
			if at.IsZero() {
				at = r.Now()
			}
			root := c.Root()
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{Section: "1", Date: &at, Source: "eksposure " + r.Build.Version, Manual: "eksposure"}
			if err := doc.GenManTree(root, header, given[0]); err != nil {
				return fmt.Errorf("write man pages: %w", fileError(err))
			}
			return nil
		},
	}
}
