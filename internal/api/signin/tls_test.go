package signin_test

import "crypto/tls"

// insecure trusts the test server's own certificate, whoever signed it.
func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }
