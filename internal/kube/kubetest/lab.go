// Package kubetest starts real Kubernetes API servers for tests.
//
// It starts the program of test/ekslab as a child: kube-apiserver and etcd,
// unchanged, with RBAC. Nothing schedules or runs pods there, so a test writes the
// status that it wants to see. test/ekslab/build.sh builds what is started here.
package kubetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// BuildCommand makes the programs that this package starts; it is run from the
// root of the repository.
const BuildCommand = "test/ekslab/build.sh"

// startTime bounds the start, generously: with several labs on a busy machine
// the usual three seconds grow tenfold.
const startTime = 2 * time.Minute

// ErrNotBuilt means that BuildCommand has not been run.
var ErrNotBuilt = errors.New("not built; run " + BuildCommand)

// Options sets up a lab. The zero value is usable.
type Options struct {
	// TokenWebhook is the kubeconfig of a token authentication webhook.
	TokenWebhook string
	// Args are added to kube-apiserver's command line.
	Args []string
}

// Lab is one running API server.
type Lab struct {
	Server string
	// CA is the server's certificate authority as PEM.
	CA string
	// Kubeconfig is a file with the administrator's credentials.
	Kubeconfig string
	// PID is the server's process.
	PID int

	rest  *rest.RESTClient
	child *child
}

// Start starts a lab that ends with the test. Where the program is not built the
// test is skipped, in CI (CI=true) it fails.
func Start(tb testing.TB, o Options) *Lab {
	tb.Helper()
	lab, err := Launch(tb.Context(), o)
	switch {
	case errors.Is(err, ErrNotBuilt) && os.Getenv("CI") != "true":
		tb.Skip(err)
	case err != nil:
		tb.Fatal(err)
	}
	tb.Cleanup(lab.Close)
	return lab
}

// Launch starts a lab and waits until it is ready. The caller closes it.
func Launch(ctx context.Context, o Options) (*Lab, error) {
	path, err := Program("ekslab")
	if err != nil {
		return nil, err
	}
	args := []string{"-token-webhook=" + o.TokenWebhook, "--"}
	c, err := startChild(exec.Command(path, append(args, o.Args...)...)) // outlives ctx and ends with Close
	if err != nil {
		return nil, err
	}
	lab := &Lab{child: c}
	if err := lab.wait(ctx); err != nil {
		c.stop()
		return nil, fmt.Errorf("start %s: %w\n%s", path, err, c.tail())
	}
	return lab, nil
}

// Close ends the server and waits for its end.
func (l *Lab) Close() { l.child.stop() }

// Program returns the path of a program that BuildCommand made, or ErrNotBuilt.
func Program(name string) (string, error) {
	root, err := root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".cache", "ekslab", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s: %w", path, ErrNotBuilt)
	}
	return path, nil
}

// root finds the repository above the working directory, which in a test is the
// package's own.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, BuildCommand)); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside the repository: no " + BuildCommand)
		}
		dir = parent
	}
}

func (l *Lab) wait(ctx context.Context) error {
	line := make(chan []byte, 1)
	go func() {
		defer close(line)
		text, err := bufio.NewReader(l.child.stdout).ReadBytes('\n')
		if err == nil {
			line <- text
		}
	}()
	late := time.NewTimer(startTime)
	defer late.Stop()
	select {
	case text, ok := <-line:
		if !ok {
			return errors.New("ended before it was ready")
		}
		return l.connect(text)
	case <-late.C:
		return fmt.Errorf("not ready after %s", startTime)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Lab) connect(line []byte) error {
	var ready struct {
		Server     string `json:"server"`
		CA         string `json:"ca"`
		Kubeconfig string `json:"kubeconfig"`
		PID        int    `json:"pid"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		return err
	}
	l.Server, l.CA, l.Kubeconfig, l.PID = ready.Server, ready.CA, ready.Kubeconfig, ready.PID
	cfg, err := clientcmd.BuildConfigFromFlags("", l.Kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS = -1
	cfg.WarningHandler = rest.NoWarnings{}
	cfg.NegotiatedSerializer = rawJSON()
	l.rest, err = rest.UnversionedRESTClientFor(cfg)
	return err
}

// child is a process that ends when its standard input closes, so that it does
// not outlive a test that is killed.
type child struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout io.Reader
	stderr *lastBytes
	once   sync.Once
}

func startChild(cmd *exec.Cmd) (*child, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, stdin: stdin, stdout: stdout, stderr: &lastBytes{}}
	cmd.Stderr = c.stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return c, nil
}

// stopTime is how long a child may take to end before it is killed.
const stopTime = 10 * time.Second

func (c *child) stop() {
	c.once.Do(func() {
		_ = c.stdin.Close()
		kill := time.AfterFunc(stopTime, func() { _ = c.cmd.Process.Kill() })
		defer kill.Stop()
		_ = c.cmd.Wait()
	})
}

func (c *child) tail() string { return c.stderr.String() }

// lastBytes keeps the end of what a child writes, for the message of a failure.
type lastBytes struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const keptOutput = 16 << 10

func (l *lastBytes) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(p)
	if over := l.buf.Len() - keptOutput; over > 0 {
		l.buf.Next(over)
	}
	return len(p), nil
}

func (l *lastBytes) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
