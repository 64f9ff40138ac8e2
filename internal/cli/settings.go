package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/fault"
)

// configVariable names the configuration file in the environment.
const configVariable = config.EnvPrefix + "CONFIG"

// setting is the flag of one setting: it collects values and leaves judging them
// to package config.
type setting struct {
	key, kind, shown string
	values           []string
}

// String implements pflag.Value.
func (s *setting) String() string {
	if s.values == nil {
		return s.shown
	}
	return strings.Join(s.values, ",")
}

// Set implements pflag.Value.
func (s *setting) Set(v string) error {
	s.values = append(s.values, v)
	return nil
}

// Type implements pflag.Value; it is what help shows after the flag.
func (s *setting) Type() string {
	if s.kind == "map" {
		return "name=value"
	}
	if s.kind == "list" {
		return "value"
	}
	return s.kind
}

// settings adds the flags of the settings whose keys begin with one of the prefixes.
func settings(c *cobra.Command, prefixes ...string) {
	for _, s := range config.Settings() {
		if s.Flag == "" || !hasPrefix(s.Key, prefixes) {
			continue
		}
		value := &setting{key: s.Key, kind: s.Kind, shown: s.Default}
		c.Flags().Var(value, s.Flag, s.Doc)
		if s.Kind == "bool" {
			c.Flags().Lookup(s.Flag).NoOptDefVal = "true"
		}
	}
}

func hasPrefix(key string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

// setup loads the settings of a command: file, environment, flags.
func (r *runner) setup(c *cobra.Command) (Setup, error) {
	src := config.Sources{Env: r.env, Flags: map[string][]string{}}
	var err error
	if src.FileName, src.File, err = r.readConfig(); err != nil {
		return Setup{}, err
	}
	r.strangers()
	c.Flags().Visit(func(f *pflag.Flag) {
		if s, ok := f.Value.(*setting); ok {
			src.Flags[s.key] = s.values
		}
	})
	cfg, err := config.Load(src)
	if err != nil {
		return Setup{}, r.named(err, src.Flags)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		return Setup{}, fmt.Errorf("setting log_level is %q: %w: %w", cfg.LogLevel, err, fault.ErrInvalid)
	}
	return Setup{Config: cfg, Log: slog.New(slog.NewTextHandler(r.Err, &slog.HandlerOptions{Level: level}))}, nil
}

// named says by which flags the settings were given that an error names.
func (r *runner) named(err error, flags map[string][]string) error {
	for _, s := range config.Settings() {
		if flags[s.Key] != nil && strings.Contains(err.Error(), "setting "+s.Key) {
			return fmt.Errorf("--%s: %w", s.Flag, err)
		}
	}
	return err
}

// readConfig reads the configuration file: the one that is named must exist, the
// default one may.
func (r *runner) readConfig() (name string, data []byte, err error) {
	name = r.configFile
	if name == "" {
		name = r.env[configVariable]
	}
	named := name != ""
	if !named {
		name = filepath.Join(config.DirectoriesOf(r.env).Config, "config.yaml")
	}
	data, err = os.ReadFile(name)
	if err == nil {
		return name, data, nil
	}
	if !named && isNotExist(err) {
		return name, nil, nil
	}
	return name, nil, fmt.Errorf("read configuration file: %w", fileError(err))
}

// fileError gives a failure of the file system its category.
func fileError(err error) error {
	switch {
	case isNotExist(err):
		return fmt.Errorf("%w: %w", err, fault.ErrNotFound)
	case os.IsPermission(err):
		return fault.Local(fmt.Errorf("%w; make it readable, or name another: %w", err, fault.ErrDenied))
	}
	if errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
	}
	return err
}

func isNotExist(err error) bool {
	return err != nil && (os.IsNotExist(err) || strings.Contains(err.Error(), fs.ErrNotExist.Error()))
}

// nearSettings are how many letters an environment variable may be off and still
// be a setting's.
const nearSettings = 8

// strangers warns of environment variables that look like settings and are none: a
// mistyped one would change nothing, silently.
func (r *runner) strangers() {
	known := []string{configVariable}
	for _, s := range config.Settings() {
		known = append(known, s.Env)
	}
	for _, name := range slices.Sorted(maps.Keys(r.env)) {
		if !strings.HasPrefix(name, config.EnvPrefix) || slices.Contains(known, name) {
			continue
		}
		nearest := slices.MinFunc(known, func(a, b string) int { return editDistance(name, a) - editDistance(name, b) })
		hint := "`eksposure help settings` lists them"
		if editDistance(name, nearest) <= nearSettings {
			hint = "did you mean " + nearest + "?"
		}
		r.say("warning: the environment variable %s is no setting; %s", name, hint)
	}
}

// open loads the settings and makes the backend.
func (r *runner) open(c *cobra.Command) (Backend, error) {
	s, err := r.setup(c)
	if err != nil {
		return nil, err
	}
	return r.Open(s), nil
}
