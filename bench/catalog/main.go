// Command catalog measures reading twenty images that share base layers, against
// the syft program of the same version run on each of them, from the same
// registry on the loopback interface:
//
//	go run ./bench/catalog
//
// The images come from internal/estate/images. Both sides start with nothing
// cached. The syft program is built once from its module, at the version of the
// library in this program, and kept in the user's cache directory; -syft names
// another one. The package sets of both sides are compared on the way.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/eksposure/eksposure/internal/catalog"
	"github.com/eksposure/eksposure/internal/estate/images"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/catalog:", err)
		os.Exit(1)
	}
}

type side struct {
	total    time.Duration
	packages [][]string // of each image
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("catalog", flag.ContinueOnError)
	count := flags.Int("images", 20, "number of images")
	program := flags.String("syft", "", "syft program; empty builds it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	family, err := images.Family(*count)
	if err != nil {
		return err
	}
	server := httptest.NewServer(family.Handler())
	defer server.Close()
	var requests []catalog.Request
	for _, p := range family.Images() {
		requests = append(requests, catalog.Request{
			Repository: strings.TrimPrefix(server.URL, "http://") + "/" + p.Repository, Digest: p.Digest,
		})
	}
	dir, err := os.MkdirTemp("", "bench-catalog-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	c, err := catalog.New(catalog.Config{Dir: dir})
	if err != nil {
		return err
	}
	if *program == "" {
		if *program, err = buildSyft(ctx, c.Tool()); err != nil {
			return err
		}
	}
	ours, plain := side{}, side{}
	// Taking turns spreads what else this machine does over both sides.
	for _, r := range requests {
		if err := ours.measure(func() ([]byte, error) { return readOurs(ctx, c, r) }); err != nil {
			return err
		}
		if err := plain.measure(func() ([]byte, error) { return readSyft(ctx, *program, r) }); err != nil {
			return err
		}
	}
	again := side{}
	if c, err = catalog.New(catalog.Config{Dir: dir}); err != nil {
		return err
	}
	for _, r := range requests {
		if err := again.measure(func() ([]byte, error) { return readOurs(ctx, c, r) }); err != nil {
			return err
		}
	}
	memory := peakMemory()
	for i := range requests {
		if !slices.Equal(ours.packages[i], plain.packages[i]) {
			return fmt.Errorf("image %d: packages differ from those of the syft program: %d and %d", i, len(ours.packages[i]), len(plain.packages[i]))
		}
	}
	n := time.Duration(len(requests))
	fmt.Fprintf(out, "%d images, one Debian base, 4 runtimes, %d CPUs, same packages on both sides\n\n", len(requests), runtime.NumCPU())
	fmt.Fprintf(out, "| reading | total | per image | ratio |\n|---|---:|---:|---:|\n")
	for _, row := range []struct {
		name  string
		total time.Duration
	}{
		{c.Tool() + " program, one run per image", plain.total},
		{"eksposure, one process, nothing cached", ours.total},
		{"eksposure, started again, layers kept", again.total},
	} {
		fmt.Fprintf(out, "| %s | %.2f s | %.3f s | %.1f× |\n", row.name, row.total.Seconds(), (row.total / n).Seconds(), plain.total.Seconds()/row.total.Seconds())
	}
	fmt.Fprintf(out, "\npeak memory of this process, which also holds the registry's layers: %d MiB\n", memory>>20)
	return nil
}

// measure times one reading and keeps the packages that it found.
func (s *side) measure(read func() ([]byte, error)) error {
	start := time.Now()
	document, err := read()
	s.total += time.Since(start)
	if err != nil {
		return err
	}
	packages, err := packagesOf(document)
	s.packages = append(s.packages, packages)
	return err
}

func readOurs(ctx context.Context, c *catalog.Cataloger, r catalog.Request) ([]byte, error) {
	_, sbom, err := c.Catalog(ctx, r)
	return sbom.Document, err
}

// readSyft runs the program on one image, as a pipeline would.
func readSyft(ctx context.Context, program string, r catalog.Request) ([]byte, error) {
	command := exec.CommandContext(ctx, program, "-q", "-o", "json", "registry:"+r.Repository+"@"+r.Digest)
	command.Env = append(os.Environ(), "SYFT_CHECK_FOR_APP_UPDATE=false", "SYFT_REGISTRY_INSECURE_USE_HTTP=true")
	var problem bytes.Buffer
	command.Stderr = &problem
	document, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", command, err, problem.String())
	}
	return document, nil
}

// packagesOf lists a document's packages with the places they were found at.
func packagesOf(document []byte) ([]string, error) {
	var sbom struct {
		Artifacts []struct {
			Name      string `json:"name"`
			Version   string `json:"version"`
			Type      string `json:"type"`
			PURL      string `json:"purl"`
			Locations []struct {
				Path  string `json:"path"`
				Layer string `json:"layerID"`
			} `json:"locations"`
		} `json:"artifacts"`
	}
	if err := json.Unmarshal(document, &sbom); err != nil {
		return nil, err
	}
	var packages []string
	for _, a := range sbom.Artifacts {
		var places []string
		for _, l := range a.Locations {
			places = append(places, l.Path+"@"+l.Layer)
		}
		slices.Sort(places)
		packages = append(packages, strings.Join(append([]string{a.Name, a.Version, a.Type, a.PURL}, places...), " "))
	}
	slices.Sort(packages)
	return packages, nil
}

// buildSyft builds the program from its module with the go command.
func buildSyft(ctx context.Context, tool string) (string, error) {
	version := strings.TrimPrefix(tool, "syft ")
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "eksposure-bench", "syft-"+version)
	program := filepath.Join(dir, "syft")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	command := exec.CommandContext(ctx, "go", "install", "github.com/anchore/syft/cmd/syft@v"+version)
	command.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", command, err, output)
	}
	return program, nil
}

// peakMemory is the largest resident set of this process so far, in bytes.
func peakMemory() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Maxrss << 10
}
