package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/report"
)

// keyFile is the setting of the file that the secrets are encrypted under.
const keyFile = "access.key_file"

func (r *runner) keysCommand() *cobra.Command {
	return group("keys", "Manage the access keys of eksposure serve",
		`Access keys are what clients of `+"`eksposure serve`"+` sign their requests with, as AWS clients do. They are kept in the
database, their secrets encrypted. These commands need the database and its key file, and no server.`,
		r.keysCreateCommand(), r.keysListCommand(), r.keysRevokeCommand())
}

func (r *runner) keysCreateCommand() *cobra.Command {
	var name, role string
	var scope access.Scope
	c := &cobra.Command{
		Use:   "create",
		Short: "Make an access key; its secret is shown once",
		Long: `Makes an access key. Roles: viewer reads; operator also scans, labels findings, brings in reports and exports; approver
also approves plans; admin also manages keys, rules, connectors and the hub. The scope confines what the key sees.`,
		Example: `  eksposure keys create --name me --role admin
  eksposure keys create --name dashboard
  eksposure keys create --name shop-team --role operator --account 111122223333 -o json`,
		Args: noArgs,
	}
	out := outputFlags(c, "text", "json")
	c.Flags().StringVar(&name, "name", "", "`name` for people: who or what uses the key")
	c.Flags().StringVar(&role, "role", string(access.Viewer), "`role` of the key: viewer, operator, approver or admin")
	c.Flags().StringArrayVar(&scope.Accounts, "account", nil, "`account` that the key sees; may be repeated; default: all")
	c.Flags().StringArrayVar(&scope.Regions, "region", nil, "`region` that the key sees; may be repeated; default: all")
	c.Flags().StringArrayVar(&scope.Clusters, "cluster", nil, "`ARN` of a cluster that the key sees; may be repeated; default: all")
	settings(c, "database", "log_level", keyFile)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		parsed, err := access.ParseRole(role)
		if err != nil {
			return fmt.Errorf("--%w: %w", err, errUsage)
		}
		if name == "" {
			return fmt.Errorf("name the key with --name, as --name me: %w", errUsage)
		}
		if err := checkScope(scope); err != nil {
			return err
		}
		return r.withKeys(c, func(keys Keys) error {
			key, secret, err := keys.CreateKey(c.Context(), name, parsed, scope)
			if err != nil {
				return err
			}
			if err := r.write(out, func(w io.Writer) error { return writeNewKey(w, key, secret, out.format) }); err != nil {
				return err
			}
			_, _ = fmt.Fprintln(r.Err, "The secret cannot be shown again.")
			return nil
		})
	}
	return c
}

func (r *runner) keysListCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the access keys, without their secrets",
		Example: "  eksposure keys list\n  eksposure keys list -o json",
		Args:    noArgs,
	}
	out := outputFlags(c, "text", "json")
	settings(c, "database", "log_level", keyFile)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return r.withKeys(c, func(keys Keys) error {
			list, err := keys.Keys(c.Context())
			if err != nil {
				return err
			}
			return r.write(out, func(w io.Writer) error { return writeKeys(w, list, out.format) })
		})
	}
	return c
}

func (r *runner) keysRevokeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "revoke KEY-ID",
		Short:   "Revoke an access key; servers refuse it from then on",
		Example: "  eksposure keys revoke EKSPA2B3C4D5E6F7G2H3",
		Args:    args("a key's ID"),
	}
	settings(c, "database", "log_level", keyFile)
	c.RunE = func(c *cobra.Command, given []string) error {
		return r.withKeys(c, func(keys Keys) error {
			counted, err := keys.RevokeKey(c.Context(), given[0])
			if err != nil {
				return err
			}
			if !counted {
				return line(r.Out, "Access key %s had been revoked already.", given[0])
			}
			return line(r.Out, "Access key %s was revoked.", given[0])
		})
	}
	return c
}

// withKeys opens the keys for one use.
func (r *runner) withKeys(c *cobra.Command, use func(Keys) error) error {
	s, err := r.setup(c)
	if err != nil {
		return err
	}
	server := r.OpenServer(s)
	defer r.close(server)
	keys, err := server.Keys(c.Context())
	if err != nil {
		return err
	}
	return use(keys)
}

func checkScope(s access.Scope) error {
	if err := checkAccounts(s.Accounts); err != nil {
		return err
	}
	if err := checkRegions(s.Regions); err != nil {
		return err
	}
	for _, arn := range s.Clusters {
		if !strings.HasPrefix(arn, "arn:") {
			return fmt.Errorf("--cluster %q: want the cluster's ARN: %w", arn, errUsage)
		}
	}
	return checkARNs(s.Clusters)
}

// newKey is a key with its secret, for programs.
type newKey struct {
	access.Key

	Secret string `json:"secret_access_key"`
}

func writeNewKey(w io.Writer, k access.Key, secret, format string) error {
	if format == "json" {
		return writeJSON(w, newKey{k, secret})
	}
	for _, field := range [][2]string{
		{"Access key ID", k.ID}, {"Secret access key", secret}, {"Name", k.Name}, {"Role", string(k.Role)}, {"Scope", scopeText(k.Scope)},
	} {
		if err := line(w, "%-18s %s", field[0], field[1]); err != nil {
			return err
		}
	}
	return nil
}

func writeKeys(w io.Writer, keys []access.Key, format string) error {
	if format == "json" {
		return writeJSON(w, append([]access.Key{}, keys...))
	}
	if len(keys) == 0 {
		return line(w, "There is no access key; `eksposure keys create --name me --role admin` makes one.")
	}
	t := report.Table{Columns: []string{"ID", "NAME", "ROLE", "SCOPE", "CREATED", "LAST USED", "STATE"}}
	for _, k := range keys {
		state := "in use"
		if !k.Revoked.IsZero() {
			state = "revoked " + day(k.Revoked)
		}
		t.Rows = append(t.Rows, []string{k.ID, k.Name, string(k.Role), scopeText(k.Scope), day(k.Created), lastUsed(k.LastUsed), state})
	}
	return t.Write(w, report.Options{})
}

func lastUsed(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.DateOnly)
}

func scopeText(s access.Scope) string {
	if s.Everything() {
		return "everything"
	}
	var parts []string
	for _, list := range [][]string{s.Accounts, s.Regions, s.Clusters} {
		if len(list) > 0 {
			parts = append(parts, strings.Join(list, ","))
		}
	}
	return strings.Join(parts, " ")
}
