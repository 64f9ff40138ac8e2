// Command ekslab is a real kube-apiserver with its etcd in one process, for tests.
//
// It takes nothing but an empty directory: it makes its own certificates, starts
// etcd and the API server on loopback ports, writes an administrator's
// kubeconfig, and prints one line of JSON (see ready) once the server is ready.
// Whatever follows "--" goes to kube-apiserver as it is. It ends, and removes
// what it wrote, on SIGTERM, SIGINT or when standard input closes, so that it
// never outlives the test that started it.
//
// One process holds one server: kube-apiserver keeps process-wide state.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// startTime bounds the start of etcd and of the API server; both need about
// three seconds on two idle cores.
const startTime = 2 * time.Minute

// ready is the line that ekslab prints.
type ready struct {
	Server     string `json:"server"`
	CA         string `json:"ca"` // PEM
	Kubeconfig string `json:"kubeconfig"`
	PID        int    `json:"pid"`
}

func main() {
	dir := flag.String("dir", "", "directory for certificates and data, removed at the end (default: a temporary one)")
	webhook := flag.String("token-webhook", "", "kubeconfig of a token authentication webhook (aws-iam-authenticator)")
	flag.Parse()

	if err := run(*dir, *webhook, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "ekslab:", err)
		os.Exit(1)
	}
}

func run(dir, webhook string, extra []string) error {
	if dir == "" {
		made, err := os.MkdirTemp("", "ekslab-")
		if err != nil {
			return err
		}
		dir = made
	}
	defer os.RemoveAll(dir)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop <- syscall.SIGTERM
	}()

	pki, err := newPKI(dir)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	etcd, err := startEtcd(dir, ports[0], ports[1])
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	defer etcd.Close()

	server := "https://127.0.0.1:" + strconv.Itoa(ports[2])
	kubeconfig := filepath.Join(dir, "admin.kubeconfig")
	if err := pki.writeKubeconfig(kubeconfig, server); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(pki, ports[0], ports[2], webhook, extra) }()

	up := make(chan error, 1)
	go func() { up <- waitReady(pki, server) }()
	select {
	case err := <-up:
		if err != nil {
			return err
		}
	case err := <-ended:
		return fmt.Errorf("kube-apiserver ended before it was ready: %w", err)
	case <-stop:
		return nil
	}
	line := ready{Server: server, CA: string(pki.caPEM), Kubeconfig: kubeconfig, PID: os.Getpid()}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		return err
	}
	select {
	case err := <-ended:
		return fmt.Errorf("kube-apiserver ended: %w", err)
	case <-stop:
		return nil
	}
}

func startEtcd(dir string, clientPort, peerPort int) (*embed.Etcd, error) {
	cfg := embed.NewConfig()
	cfg.Dir = filepath.Join(dir, "etcd")
	cfg.LogLevel = "error"
	cfg.UnsafeNoFsync = true // the data is thrown away
	client := url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(clientPort)}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(peerPort)}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, err
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err := <-e.Err():
		return nil, err
	case <-time.After(startTime):
		e.Close()
		return nil, errors.New("not ready in time")
	}
}

func serve(p *pki, etcdPort, port int, webhook string, extra []string) error {
	args := []string{
		"--etcd-servers=http://127.0.0.1:" + strconv.Itoa(etcdPort),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + p.serverCert,
		"--tls-private-key-file=" + p.serverKey,
		"--client-ca-file=" + p.caFile,
		"--service-account-issuer=https://ekslab.invalid",
		"--service-account-key-file=" + p.serviceAccountKey,
		"--service-account-signing-key-file=" + p.serviceAccountKey,
		"--service-cluster-ip-range=10.100.0.0/16",
		"--authorization-mode=RBAC",
		// No controller makes the default service account that this plug-in waits for.
		"--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none",
		"--allow-privileged=true",
	}
	if webhook != "" {
		args = append(args,
			"--authentication-token-webhook-config-file="+webhook,
			"--authentication-token-webhook-version=v1")
	}
	cmd := app.NewAPIServerCommand()
	cmd.SetArgs(append(args, extra...))
	return cmd.Execute()
}

// waitReady polls /readyz, which unlike /healthz also waits for the post-start
// hooks that create the system's RBAC roles.
func waitReady(p *pki, server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: p.adminTLS}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if isReady(ctx, client, server) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("kube-apiserver is not ready in time")
		case <-tick.C:
		}
	}
}

func isReady(ctx context.Context, client *http.Client, server string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// freePorts asks the kernel for ports, all held until the last is known.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
