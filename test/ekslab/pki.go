package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lifetime is longer than any test and short enough to be worthless afterwards.
const lifetime = 24 * time.Hour

// pki is the cluster's certificate authority with the certificates made of it.
type pki struct {
	caPEM                                            []byte
	caFile, serverCert, serverKey, serviceAccountKey string
	adminCert, adminKey                              []byte
	adminTLS                                         *tls.Config
}

// newPKI makes an authority, the server's certificate, an administrator
// (group system:masters) and the key that signs service account tokens.
func newPKI(dir string) (*pki, error) {
	caKey, caKeyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: "ekslab"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	caPEM, err := certify(ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	serverKey, serverKeyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	serverPEM, err := certify(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 100, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, serverKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	adminKey, adminKeyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	adminPEM, err := certify(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "ekslab-admin", Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, adminKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(adminPEM, adminKeyPEM)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(caPEM)
	p := &pki{
		caPEM:             caPEM,
		caFile:            filepath.Join(dir, "ca.pem"),
		serverCert:        filepath.Join(dir, "server.pem"),
		serverKey:         filepath.Join(dir, "server-key.pem"),
		serviceAccountKey: filepath.Join(dir, "service-account-key.pem"),
		adminCert:         adminPEM,
		adminKey:          adminKeyPEM,
		adminTLS:          &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	}
	for path, data := range map[string][]byte{
		p.caFile: caPEM, p.serverCert: serverPEM, p.serverKey: serverKeyPEM,
		// Any key does for signing; the authority's saves one more.
		p.serviceAccountKey: caKeyPEM,
	} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *pki) writeKubeconfig(path, server string) error {
	b64 := base64.StdEncoding.EncodeToString
	return os.WriteFile(path, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: ekslab
clusters:
- name: ekslab
  cluster: {server: %q, certificate-authority-data: %s}
users:
- name: admin
  user: {client-certificate-data: %s, client-key-data: %s}
contexts:
- name: ekslab
  context: {cluster: ekslab, user: admin}
`, server, b64(p.caPEM), b64(p.adminCert), b64(p.adminKey)), 0o600)
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func certify(c, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	c.SerialNumber = serial
	c.NotBefore = time.Now().Add(-time.Hour)
	c.NotAfter = time.Now().Add(lifetime)
	c.KeyUsage |= x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key, signer)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
