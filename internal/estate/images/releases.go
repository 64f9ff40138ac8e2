package images

import "fmt"

const fixedJars = "org.apache.logging.log4j:log4j-core@2.25.3 org.apache.logging.log4j:log4j-api@2.25.3 com.google.guava:guava@33.4.8-jre org.slf4j:slf4j-api@2.0.17"

// addReleases publishes newer tags of images that run: one that has the fix, the
// newest, which was built on the old base again, and a pre-release; the same of what runs
// on an operating system past its end.
func addReleases(r *Registry) error {
	old, err := bullseye.base()
	if err != nil {
		return err
	}
	fresh, err := bookworm.base()
	if err != nil {
		return err
	}
	search, err := javaApp("opt/search/lib", fixedJars)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		tag, about string
		base       layer
	}{
		{"v3.0.2", "Log4j without known vulnerabilities on an updated Debian 12", fresh},
		{"v3.0.3", "the same on the old Debian 11, whose libraries need only the network", old},
		{"v3.1.0-rc.1", "a pre-release", fresh},
	} {
		p := Published{Name: "shop-search-" + s.tag, Registry: ECR, Repository: "shop/search", Tag: s.tag, About: s.about}
		if err := addImage(r, p, s.base, search); err != nil {
			return err
		}
	}
	if err := addSupported(r, fresh); err != nil {
		return err
	}
	return addAgentAt(r, "agent-v2.4.0", goProgram{
		path: "example.com/observe/agent", version: "v2.4.0", compiler: "go1.25.4",
		deps: "golang.org/x/net@v0.47.0 golang.org/x/crypto@v0.45.0 golang.org/x/sys@v0.38.0",
	}, "multi-arch Go agent with newer modules")
}

// addSupported publishes newer tags of images whose operating system has reached its end:
// one that stayed on it, one that moved, and a later release of a distribution.
func addSupported(r *Registry, fresh layer) error {
	old, err := buster.base()
	if err != nil {
		return err
	}
	for _, im := range []struct {
		p    Published
		base layer
	}{
		{Published{Name: "legacy-erp-7.3", Registry: ECR, Repository: "finance/legacy-erp", Tag: "7.3", About: "the ERP on an updated Debian 12"}, fresh},
		{Published{Name: "legacy-erp-7.4", Registry: ECR, Repository: "finance/legacy-erp", Tag: "7.4", About: "the ERP on Debian 10 again"}, old},
		{Published{Name: "debian-12-dated", Registry: DockerHub, Repository: "library/debian", Tag: "bookworm-20261013", About: "Debian 12 with its updates, by its day"}, fresh},
	} {
		if err := addImage(r, im.p, im.base); err != nil {
			return err
		}
	}
	return nil
}

// addAgentAt publishes a version of the agent: an index of two platforms with
// attestations.
func addAgentAt(r *Registry, name string, g goProgram, about string) error {
	var platforms []artifact
	for _, architecture := range []string{"amd64", "arm64"} {
		base, err := bookworm.distroless(architecture, "base-files", "tzdata", "ca-certificates")
		if err != nil {
			return err
		}
		g.architecture = architecture
		agent, err := g.layer("agent")
		if err != nil {
			return err
		}
		content, err := newImage(architecture, base, agent)
		if err != nil {
			return fmt.Errorf("build image %q: %w", name, err)
		}
		platforms = append(platforms, content)
	}
	index, err := newIndex(platforms...)
	if err != nil {
		return err
	}
	return r.publish(Published{Name: name, Registry: Quay, Repository: "observe/agent", Tag: g.version, About: about}, index)
}
