package images

import "math/rand/v2"

// noise gives n bytes that do not compress, the same for the same seed.
func noise(seed string, n int) []byte {
	var key [32]byte
	copy(key[:], seed)
	out := make([]byte, n)
	// ChaCha8.Read is documented never to fail.
	_, _ = rand.NewChaCha8(key).Read(out)
	return out
}
