package estate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// nowhere is where the endpoint of an unreachable cluster points: a loopback
// port on which nothing listens (tcpmux, RFC 1078), so a connection is refused
// at once.
const nowhere = "https://127.0.0.1:1"

// certificateLife is how long the certificates of an estate count; it outlasts
// a demo that is held open.
const certificateLife = 30 * 24 * time.Hour

// kubeServer is the Kubernetes API of one cluster.
type kubeServer struct {
	estate   *Estate
	account  string
	cluster  *Cluster
	ref      inventory.ClusterRef
	store    *objectStore
	endpoint string
	caPEM    []byte
	// token is the static token of the estate's own kubeconfig.
	token  string
	server *http.Server
}

func (k *kubeServer) caData() string { return base64.StdEncoding.EncodeToString(k.caPEM) }

// startKube opens a cluster's endpoint. A cluster that cannot be reached has a
// certificate authority all the same, as EKS shows one.
func (e *Estate) startKube(ctx context.Context, account string, cl *Cluster) error {
	k := &kubeServer{
		estate: e, account: account, cluster: cl, endpoint: nowhere, token: randomText(40),
		ref: inventory.ClusterRef{Partition: "aws", Account: account, Region: cl.Region, Name: cl.Name},
	}
	store, err := newObjectStore(e.codec, cl.Objects)
	if err != nil {
		return fmt.Errorf("objects of %q: %w", k.ref, err)
	}
	k.store = store
	if cl.Server != "" {
		k.endpoint, k.caPEM = cl.Server, []byte(cl.CA)
		e.kube[k.ref.String()] = k
		return nil
	}
	certificate, ca, err := newCertificate(e.now())
	if err != nil {
		return fmt.Errorf("certificate of %q: %w", k.ref, err)
	}
	k.caPEM = ca
	e.kube[k.ref.String()] = k
	if cl.Unreachable {
		return nil
	}
	l, err := listen(ctx, loopback)
	if err != nil {
		return fmt.Errorf("endpoint of %q: %w", k.ref, err)
	}
	k.endpoint = "https://" + l.Addr().String()
	k.server = &http.Server{
		Handler: http.HandlerFunc(k.serve), ReadHeaderTimeout: readTimeout, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	e.running.Go(func() { _ = k.server.ServeTLS(l, "", "") }) // It ends with Close.
	return nil
}

// newCertificate makes a certificate authority and a server certificate for
// loopback that it has signed.
func newCertificate(now time.Time) (tls.Certificate, []byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames: []string{"localhost", "kubernetes"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	caPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caPEM, nil
}
