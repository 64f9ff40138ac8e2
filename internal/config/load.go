package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/eksposure/eksposure/internal/fault"
)

// EnvPrefix begins the environment variable of every setting.
const EnvPrefix = "EKSPOSURE_"

// Setting describes one setting, for flags and documentation.
type Setting struct {
	Key     string // dotted, as in the file: "aws.role_name"
	Env     string // "EKSPOSURE_AWS_ROLE_NAME"
	Flag    string // "role-name", or ""
	Kind    string // string, bool, int, number, duration, list, map
	Default string
	Doc     string
}

// Settings lists every setting in the order of Config.
func Settings() []Setting {
	var list []Setting
	c := Default()
	walk(reflect.ValueOf(&c).Elem(), "", func(key string, tag reflect.StructTag, v reflect.Value) {
		list = append(list, Setting{
			Key: key, Env: EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_")), Flag: tag.Get("flag"),
			Kind: kindOf(v), Default: show(v), Doc: tag.Get("doc"),
		})
	})
	return list
}

// Sources are where settings come from.
type Sources struct {
	// File is the content of the configuration file, FileName its name in errors.
	File     []byte
	FileName string
	Env      map[string]string
	// Flags maps a setting's key to the values given on the command line.
	Flags map[string][]string
}

// Load joins the sources into a checked Config. A wrong key or value is
// fault.ErrInvalid and names its source.
func Load(src Sources) (Config, error) {
	c := Default()
	file, err := parseFile(src.File)
	if err != nil {
		return c, fmt.Errorf("configuration file %q: %w", src.FileName, err)
	}
	var errs []error
	known := map[string]bool{}
	walk(reflect.ValueOf(&c).Elem(), "", func(key string, _ reflect.StructTag, v reflect.Value) {
		known[key] = true
		env := EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		for _, s := range []struct {
			from   string
			values []string
		}{
			{"configuration file " + strconv.Quote(src.FileName) + ", key " + key, file[key]},
			{"environment variable " + env, envValues(src.Env, env, v)},
			{"flag of setting " + key, src.Flags[key]},
		} {
			if s.values == nil {
				continue
			}
			if err := set(v, s.values); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w: %w", s.from, err, fault.ErrInvalid))
			}
		}
	})
	for _, key := range slices.Sorted(maps.Keys(file)) {
		if !known[key] {
			errs = append(errs, fmt.Errorf("configuration file %q: unknown key %q; `eksposure help settings` lists the known ones: %w", src.FileName, key, fault.ErrInvalid))
		}
	}
	if len(errs) > 0 {
		return c, errors.Join(errs...)
	}
	d := DirectoriesOf(src.Env)
	c.fillPaths(d, src.Env)
	return c, c.Validate()
}

func (c *Config) fillPaths(d Directories, env map[string]string) {
	fill := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	fill(&c.Database, filepath.Join(d.Data, "eksposure.db"))
	if strings.Contains(c.Database, "://") {
		fill(&c.Access.KeyFile, filepath.Join(d.Data, "eksposure.key"))
	}
	fill(&c.Access.KeyFile, filepath.Join(filepath.Dir(c.Database), "eksposure.key"))
	fill(&c.CacheDir, d.Cache)
	fill(&c.VulnDB.Dir, filepath.Join(c.CacheDir, "vulnerability-db"))
	fill(&c.Kube.Kubeconfig, env["KUBECONFIG"])
	fill(&c.Kube.Kubeconfig, filepath.Join(d.Home, ".kube", "config"))
	fill(&c.Telemetry.TracesEndpoint, env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
	if base := env["OTEL_EXPORTER_OTLP_ENDPOINT"]; base != "" {
		fill(&c.Telemetry.TracesEndpoint, strings.TrimSuffix(base, "/")+"/v1/traces")
	}
	if dir := env["DOCKER_CONFIG"]; dir != "" {
		fill(&c.Images.DockerConfig, filepath.Join(dir, "config.json"))
	}
	fill(&c.Images.DockerConfig, filepath.Join(d.Home, ".docker", "config.json"))
}

func envValues(env map[string]string, name string, v reflect.Value) []string {
	value, ok := env[name]
	if !ok {
		return nil
	}
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Map {
		return []string{value}
	}
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
}

// walk calls visit for every leaf of a tagged struct.
func walk(v reflect.Value, prefix string, visit func(key string, tag reflect.StructTag, v reflect.Value)) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := prefix + f.Tag.Get("key")
		if f.Type.Kind() == reflect.Struct {
			walk(v.Field(i), key+".", visit)
			continue
		}
		visit(key, f.Tag, v.Field(i))
	}
}

func kindOf(v reflect.Value) string {
	if v.Type() == reflect.TypeFor[time.Duration]() {
		return "duration"
	}
	switch v.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Uint64:
		return "int"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list"
	case reflect.Map:
		return "map"
	default:
		return "string"
	}
}

func show(v reflect.Value) string {
	switch kindOf(v) {
	case "list", "map":
		return ""
	}
	return fmt.Sprint(v.Interface())
}

func set(v reflect.Value, values []string) error {
	last := ""
	if len(values) > 0 {
		last = values[len(values)-1]
	}
	switch kindOf(v) {
	case "duration":
		d, err := time.ParseDuration(last)
		if err != nil {
			return fmt.Errorf("%q is no duration such as 90s or 120h", last)
		}
		v.SetInt(int64(d))
	case "bool":
		b, err := strconv.ParseBool(last)
		if err != nil {
			return fmt.Errorf("%q is not true or false", last)
		}
		v.SetBool(b)
	case "int":
		return setInt(v, last)
	case "number":
		n, err := strconv.ParseFloat(last, 64)
		if err != nil {
			return fmt.Errorf("%q is no number", last)
		}
		v.SetFloat(n)
	case "list":
		v.Set(reflect.ValueOf(slices.Clone(values)))
	case "map":
		m := map[string]string{}
		for _, pair := range values {
			k, value, ok := strings.Cut(pair, "=")
			if !ok || k == "" || value == "" {
				return fmt.Errorf("%q: want NAME=VALUE", pair)
			}
			m[k] = value
		}
		v.Set(reflect.ValueOf(m))
	default:
		v.SetString(last)
	}
	return nil
}

func setInt(v reflect.Value, s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no whole number of 0 or more", s)
	}
	if v.Kind() == reflect.Uint64 {
		v.SetUint(uint64(n))
		return nil
	}
	v.SetInt(n)
	return nil
}

// parseFile flattens a YAML document to dotted keys; a setting that is a map
// becomes NAME=VALUE pairs. Scalars keep the text they are written in, so that an
// account with a leading zero needs no quotes.
func parseFile(data []byte) (map[string][]string, error) {
	var root yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("not valid YAML: %w: %w", err, fault.ErrInvalid)
	}
	flat := map[string][]string{}
	if len(root.Content) == 0 {
		return flat, nil
	}
	if root.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("want keys and values at the top: %w", fault.ErrInvalid)
	}
	isMap := map[string]bool{}
	for _, s := range Settings() {
		isMap[s.Key] = s.Kind == "map"
	}
	flatten("", root.Content[0], isMap, flat)
	return flat, nil
}

func flatten(prefix string, node *yaml.Node, isMap map[string]bool, flat map[string][]string) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := prefix+node.Content[i].Value, node.Content[i+1]
		switch {
		case value.Kind == yaml.MappingNode && !isMap[name]:
			flatten(name+".", value, isMap, flat)
		case value.Kind == yaml.MappingNode:
			flat[name] = []string{}
			for j := 0; j+1 < len(value.Content); j += 2 {
				flat[name] = append(flat[name], value.Content[j].Value+"="+value.Content[j+1].Value)
			}
		case value.Kind == yaml.SequenceNode:
			flat[name] = []string{}
			for _, item := range value.Content {
				flat[name] = append(flat[name], item.Value)
			}
		default:
			flat[name] = []string{value.Value}
		}
	}
}
