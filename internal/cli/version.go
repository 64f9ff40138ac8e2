package cli

import (
	"io"

	"github.com/spf13/cobra"
)

func (r *runner) versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `  eksposure version
  eksposure version -o json`,
		Args: noArgs,
	}
	out := outputFlags(c, "text", "json")
	c.RunE = func(*cobra.Command, []string) error {
		if err := out.check(); err != nil {
			return err
		}
		if _, _, err := r.readConfig(); err != nil {
			return err
		}
		return r.write(out, func(w io.Writer) error {
			if out.format == "json" {
				return writeJSON(w, r.Build)
			}
			return line(w, "eksposure %s\ncommit    %s\nbuilt of  %s\ngo        %s", r.Build.Version, dash(r.Build.Commit), day(r.Build.Time), r.Build.Go)
		})
	}
	return c
}
