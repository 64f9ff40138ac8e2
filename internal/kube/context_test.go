package kube_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/kube"
)

func TestCheckContext(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "config"), filepath.Join(dir, "bad")
	const text = `{"clusters": [{"name": "shop", "cluster": {"server": "https://127.0.0.1:1"}}], "contexts": [
		{"name": "admin", "context": {"cluster": "shop"}}, {"name": "loose", "context": {"cluster": "gone"}}]}`
	for path, data := range map[string]string{good: text, bad: "a: [b"} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, file, context string
		want                error
	}{
		{"there", good, "admin", nil},
		{"in one of several files", filepath.Join(dir, "none") + string(os.PathListSeparator) + good, "admin", nil},
		{"no such context", good, "nope", fault.ErrNotFound},
		{"no such file", filepath.Join(dir, "none"), "admin", fault.ErrNotFound},
		{"a context of no cluster", good, "loose", fault.ErrInvalid},
		{"not a kubeconfig", bad, "admin", fault.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := kube.CheckContext(c.file, c.context); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
