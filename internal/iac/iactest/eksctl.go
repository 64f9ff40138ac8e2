// Package iactest has the rules of tools that read infrastructure code, for the tests of
// what writes it.
package iactest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// The release of eksctl whose schema counts, and what the Go checksum database has for it.
const (
	eksctl    = "github.com/weaveworks/eksctl@v0.215.0"
	eksctlSum = "h1:oCPoubT3UsW4Y2J43Y4dNRvXHEIsgg03Y3e6wv6bKG4="
	schema    = "pkg/apis/eksctl.io/v1alpha5/assets/schema.json"
)

// ClusterConfigs wants every ClusterConfig of a file to be one by eksctl's own schema, and
// gives how many there are. The schema is in eksctl's Go module, which is loaded once.
func ClusterConfigs(t *testing.T, name string, text []byte) int {
	t.Helper()
	rules, err := clusterConfig()
	if errors.Is(err, errNotLoaded) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document any
		if err := d.Decode(&document); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m, ok := document.(map[string]any); !ok || m["kind"] != "ClusterConfig" {
			continue
		}
		n++
		if err := rules.Validate(document); err != nil {
			t.Errorf("%s is no ClusterConfig: %v\n%s", name, err, text)
		}
	}
}

var errNotLoaded = errors.New("eksctl's module could not be loaded")

var clusterConfig = sync.OnceValues(loadClusterConfig)

func loadClusterConfig() (*jsonschema.Schema, error) {
	dir, err := eksctlSource()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(schema)))
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(eksctl, document); err != nil {
		return nil, err
	}
	return c.Compile(eksctl)
}

// eksctlSource gives the folder of eksctl's Go module.
var eksctlSource = sync.OnceValues(func() (string, error) {
	load := exec.Command("go", "mod", "download", "-json", eksctl)
	load.Dir = os.TempDir() // of no module, whose go.sum would change
	out, err := load.Output()
	if err != nil {
		return "", errors.Join(errNotLoaded, err)
	}
	var module struct {
		Dir string `json:"Dir"`
		Sum string `json:"Sum"`
	}
	if err := json.Unmarshal(out, &module); err != nil {
		return "", err
	}
	if module.Sum != eksctlSum {
		return "", errors.New("eksctl's module has the sum " + module.Sum)
	}
	return module.Dir, nil
})
