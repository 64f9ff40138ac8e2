package catalog

import (
	"bytes"
	"io"
)

// Unpack reads a layer for tests and gives the number of its members and the
// diff ID.
func Unpack(compressed []byte, limits Limits) (members int, diffID string, err error) {
	l, err := unpack(bytes.NewReader(compressed), io.Discard, limits.WithDefaults())
	if err != nil {
		return 0, "", err
	}
	return len(l.entries), l.diffID, nil
}

// Join reads a layer and joins it to a file tree.
func Join(compressed []byte, limits Limits) error {
	l, err := unpack(bytes.NewReader(compressed), io.Discard, limits.WithDefaults())
	if err != nil {
		return err
	}
	_, err = newImageTree(&imageManifest{}, []*openLayer{{layer: l}, {layer: l}})
	return err
}

// Route gives the host, repository and safety for credentials that a repository
// is asked at.
func Route(repository string, mirrors map[string]string) (host, path string, secure bool, err error) {
	upstream, err := parseRepository(repository)
	if err != nil {
		return "", "", false, err
	}
	parsed, err := parseMirrors(mirrors)
	if err != nil {
		return "", "", false, err
	}
	to, secure, err := route(parsed, upstream)
	if err != nil {
		return "", "", false, err
	}
	return to.RegistryStr(), to.RepositoryStr(), secure, nil
}

// ParseIndex reads the index file of a layer.
func ParseIndex(raw []byte, diffID string) error {
	_, err := parseIndex(raw, diffID)
	return err
}

// SyftVersion is the version that stands in when the program has no module list.
const SyftVersion = syftVersion
