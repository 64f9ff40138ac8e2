package estate

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
)

// stableID makes an ID of AWS's form that is the same in every run: a prefix
// such as AROA and 17 characters drawn from name.
func stableID(prefix, name string) string {
	sum := sha256.Sum256([]byte(name))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// stableHex gives n hexadecimal digits drawn from name, as in vpc-0a1b….
func stableHex(name string, n int) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])[:n]
}

// stableUUID gives an ID in the form of a UUID, drawn from name.
func stableUUID(name string) string {
	h := stableHex(name, 32)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:32])
}
