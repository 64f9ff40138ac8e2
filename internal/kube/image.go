package kube

import (
	"regexp"
	"strings"
)

// The grammar of image references is that of the distribution project
// (github.com/distribution/reference), which container runtimes share.
var (
	digestShape     = regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
	bareSHA256      = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hostShape       = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$`)
	repositoryShape = regexp.MustCompile(`^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*$`)
	tagShape        = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	// importedName is what containerd calls an image that was loaded from an
	// archive without a name; nothing can be pulled by it.
	importedName = regexp.MustCompile(`^docker\.io/library/import-\d{4}-\d{2}-\d{2}$`)
)

// maxReference bounds what is parsed; runtimes refuse repository names over 255.
const maxReference = 1024

// ResolveImage returns the digest that a container runs and the
// REGISTRY/REPOSITORY it can be pulled from, from the imageID of the container's
// status and from the references that may stand for the same image, the best
// first. ok is false when the digest, or a repository for it, is not known.
//
// The forms of imageID are REPOSITORY@DIGEST (containerd, CRI-O), with
// docker-pullable:// before it (Docker), and the image's own ID with no
// repository: sha256:HEX (containerd, for images loaded by hand),
// docker://sha256:HEX (Docker) and HEX (CRI-O). With the last three a reference
// that is pinned by digest is preferred, because that ID may be the digest of
// the image's configuration and not of its manifest.
func ResolveImage(imageID string, references ...string) (repository, digest string, ok bool) {
	id := strings.TrimPrefix(strings.TrimPrefix(imageID, "docker-pullable://"), "docker://")
	repository, digest = parseReference(id)
	if repository != "" && digest != "" && !importedName.MatchString(repository) {
		return repository, digest, true
	}
	manifest := digest // of an ID with "@" but no usable repository
	for _, ref := range references {
		repo, pinned := parseReference(ref)
		if repo != "" && pinned != "" && (manifest == "" || manifest == pinned) {
			return repo, pinned, true
		}
	}
	if digest = manifest; digest == "" {
		digest = bareDigest(id)
	}
	if digest == "" {
		return "", "", false
	}
	for _, ref := range references {
		if repo, _ := parseReference(ref); repo != "" {
			return repo, digest, true
		}
	}
	return "", "", false
}

func bareDigest(id string) string {
	if bareSHA256.MatchString(id) {
		return "sha256:" + id
	}
	if digestShape.MatchString(id) {
		return id
	}
	return ""
}

// parseReference splits [REGISTRY/]REPOSITORY[:TAG][@DIGEST]. The repository is
// empty when it is missing or malformed, the digest too; a bare image ID has
// neither. Docker Hub's short names are written out.
func parseReference(s string) (repository, digest string) {
	if len(s) > maxReference || bareDigest(s) != "" {
		return "", ""
	}
	name, after, pinned := strings.Cut(s, "@")
	if pinned {
		if !digestShape.MatchString(after) {
			return "", ""
		}
		digest = after
	}
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		if !tagShape.MatchString(name[colon+1:]) {
			return "", digest
		}
		name = name[:colon]
	}
	host, path := splitHost(name)
	if !hostShape.MatchString(host) || !repositoryShape.MatchString(path) {
		return "", digest
	}
	return host + "/" + path, digest
}

// splitHost tells a registry from the first part of a Docker Hub name by the dot,
// colon or "localhost", as Docker does.
func splitHost(name string) (host, path string) {
	const hub = "docker.io"
	first, rest, more := strings.Cut(name, "/")
	if !more || !strings.ContainsAny(first, ".:") && first != "localhost" {
		host, path = hub, name
	}
	if host == "" {
		host, path = first, rest
	}
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		host = hub
	}
	if host == hub && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return host, path
}
