package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/docker/cli/cli/config"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/eksposure/eksposure/internal/fault"
)

// keychain finds the credentials of a registry host.
type keychain struct {
	login        func(ctx context.Context, registry string) (user, password string, err error)
	dockerConfig string
}

// ecrHosts are the forms of an ECR registry's host name
// (https://docs.aws.amazon.com/general/latest/gr/ecr.html), FIPS and dual-stack too.
func ecrHosts() []string {
	return []string{
		"*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr-fips.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com.cn",
		"*.dkr-ecr.*.on.aws", "*.dkr-ecr-fips.*.on.aws", "*.dkr-ecr.*.on.amazonwebservices.com.cn",
	}
}

func isECR(host string) bool {
	for _, pattern := range ecrHosts() {
		if ok, _ := path.Match(pattern, host); ok {
			return true
		}
	}
	return false
}

// credentials gives what to log in to the host with. Over a connection that is
// not secure the answer is always anonymous.
func (k *keychain) credentials(ctx context.Context, host string, secure bool) (authn.Authenticator, error) {
	if !secure {
		return authn.Anonymous, nil
	}
	if !isECR(host) {
		return k.fromDockerConfig(host)
	}
	if k.login == nil {
		return authn.Anonymous, nil
	}
	user, password, err := k.login(ctx, host)
	if err != nil {
		return nil, err
	}
	if user == "" {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: user, Password: password}, nil
}

// fromDockerConfig reads the file anew each time: `docker login` may have changed it.
func (k *keychain) fromDockerConfig(host string) (authn.Authenticator, error) {
	if k.dockerConfig == "" {
		return authn.Anonymous, nil
	}
	file, err := os.Open(k.dockerConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return authn.Anonymous, nil
	}
	if err != nil {
		return nil, fmt.Errorf("docker configuration: %w: %w", err, fault.ErrInvalid)
	}
	defer file.Close()
	loaded, err := config.LoadFromReader(file)
	if err != nil {
		// The parser's own text may quote the file, which holds passwords.
		return nil, fmt.Errorf("docker configuration %q is not valid: %w", k.dockerConfig, fault.ErrInvalid)
	}
	key := host
	if host == "docker.io" {
		key = authn.DefaultAuthKey
	}
	found, err := loaded.GetAuthConfig(key)
	if err != nil {
		return nil, fmt.Errorf("docker configuration %q: credential helper for %q failed: %w", k.dockerConfig, host, fault.ErrDenied)
	}
	if found.Username == "" && found.IdentityToken == "" && found.RegistryToken == "" {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{
		Username: found.Username, Password: found.Password, IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken,
	}), nil
}
