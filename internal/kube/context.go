package kube

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/eksposure/eksposure/internal/fault"
)

// maxNamedContexts bounds the contexts that an error about a missing one lists.
const maxNamedContexts = 10

// CheckContext reads a kubeconfig and reports whether it has the context, so that
// a mistyped name is an error before the scan and not a gap after it. It reaches
// no server. A missing file or context is fault.ErrNotFound.
func CheckContext(kubeconfig, context string) error {
	cfg, err := loadingRules(kubeconfig).Load()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("kubeconfig %q does not exist; name another file with --kubeconfig: %w", kubeconfig, fault.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read kubeconfig %q: %w: %w", kubeconfig, err, fault.ErrInvalid)
	}
	c, ok := cfg.Contexts[context]
	if !ok {
		return fmt.Errorf("kubeconfig %q has no context %q; %s: %w", kubeconfig, context, contextNames(slices.Sorted(maps.Keys(cfg.Contexts))), fault.ErrNotFound)
	}
	if _, ok := cfg.Clusters[c.Cluster]; !ok {
		return fmt.Errorf("context %q of kubeconfig %q names the cluster entry %q, which is not there: %w", context, kubeconfig, c.Cluster, fault.ErrInvalid)
	}
	return nil
}

func contextNames(names []string) string {
	if len(names) == 0 {
		return "it has none"
	}
	if more := len(names) - maxNamedContexts; more > 0 {
		return fmt.Sprintf("it has %s and %d more", strings.Join(names[:maxNamedContexts], ", "), more)
	}
	return "it has " + strings.Join(names, ", ")
}

// loadingRules read one file, or the several that $KUBECONFIG may list.
func loadingRules(kubeconfig string) *clientcmd.ClientConfigLoadingRules {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.WarnIfAllMissing = false
	if files := filepath.SplitList(kubeconfig); len(files) > 1 {
		rules.Precedence = files
		return rules
	}
	rules.ExplicitPath = kubeconfig
	return rules
}
