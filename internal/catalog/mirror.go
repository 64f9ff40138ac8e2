package catalog

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/eksposure/eksposure/internal/fault"
)

// mirror sends the requests for matching registry hosts elsewhere.
type mirror struct {
	pattern string
	host    string // with port
	prefix  string // path before the repository
	plain   bool   // http
}

// parseMirrors reads Config.Mirrors into the order in which they are tried.
func parseMirrors(config map[string]string) ([]mirror, error) {
	var mirrors []mirror
	for pattern, target := range config {
		m, err := parseMirror(pattern, target)
		if err != nil {
			return nil, err
		}
		mirrors = append(mirrors, m)
	}
	slices.SortFunc(mirrors, func(a, b mirror) int {
		return cmp.Or(
			cmp.Compare(strings.Count(a.pattern, "*"), strings.Count(b.pattern, "*")),
			cmp.Compare(len(b.pattern), len(a.pattern)),
			cmp.Compare(a.pattern, b.pattern),
		)
	})
	return mirrors, nil
}

func parseMirror(pattern, target string) (mirror, error) {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.ContainsAny(pattern, "/ ") {
		return mirror{}, fmt.Errorf("mirror of %q: want a registry host or a pattern like *.dkr.ecr.*.amazonaws.com: %w", pattern, fault.ErrInvalid)
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return mirror{}, fmt.Errorf("mirror of %q: want an URL like https://mirror.example.com/prefix: %w", pattern, fault.ErrInvalid)
	}
	m := mirror{pattern: pattern, host: u.Host, prefix: strings.Trim(u.Path, "/"), plain: u.Scheme == "http"}
	// The prefix must make a valid repository; try it before the first image does.
	if _, err := m.repository("probe"); err != nil {
		return mirror{}, err
	}
	return m, nil
}

// repository names the upstream's repository path at the mirror.
func (m mirror) repository(upstreamPath string) (name.Repository, error) {
	var options []name.Option
	if m.plain {
		options = append(options, name.Insecure)
	}
	full := m.host + "/" + path.Join(m.prefix, upstreamPath)
	repository, err := name.NewRepository(full, options...)
	if err != nil {
		return name.Repository{}, fmt.Errorf("mirror of %q: repository %q: %w: %w", m.pattern, full, err, fault.ErrInvalid)
	}
	if repository.RegistryStr() != m.host {
		return name.Repository{}, fmt.Errorf("mirror of %q: %q is not a registry host; add a port: %w", m.pattern, m.host, fault.ErrInvalid)
	}
	return repository, nil
}

// route gives the repository to ask for an upstream one, and whether credentials
// may be sent there: not over plain HTTP, other than to this machine.
func route(mirrors []mirror, upstream name.Repository) (repository name.Repository, secure bool, err error) {
	host := registryHost(upstream)
	for _, m := range mirrors {
		if ok, _ := path.Match(m.pattern, host); !ok {
			continue
		}
		repository, err = m.repository(upstream.RepositoryStr())
		return repository, !m.plain || isLoopback(m.host), err
	}
	return upstream, upstream.Scheme() == "https" || isLoopback(upstream.RegistryStr()), nil
}

// registryHost is the name that people and docker configurations use: Docker Hub
// is docker.io, whose API lives at index.docker.io.
func registryHost(repository name.Repository) string {
	if host := repository.RegistryStr(); host != name.DefaultRegistry {
		return host
	}
	return "docker.io"
}

func isLoopback(hostport string) bool {
	u := url.URL{Host: hostport}
	if u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}
