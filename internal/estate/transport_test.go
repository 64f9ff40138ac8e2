package estate_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
)

func transport(pool *x509.CertPool) http.RoundTripper {
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
}
