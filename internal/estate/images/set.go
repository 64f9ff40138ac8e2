package images

import (
	"fmt"
)

// estate lists how each image of the estate is made, in order.
func estate() []func(*Registry) error {
	return []func(*Registry) error{
		addShop, addServices, addPublic, addAddons, addAgent, addReleases, addBroken,
	}
}

// addImage publishes an image of one platform.
func addImage(r *Registry, p Published, layers ...layer) error {
	content, err := newImage("amd64", layers...)
	if err != nil {
		return fmt.Errorf("build image %q: %w", p.Name, err)
	}
	return r.publish(p, content)
}

const (
	webModules = "express@4.16.4 lodash@4.17.15 minimist@1.2.0 qs@6.5.2 jquery@3.4.1 path-to-regexp@0.1.7 send@0.16.2 debug@2.6.9 ms@2.0.0 accepts@1.3.8"
	// CVE-2021-23337 (lodash), CVE-2022-24999 (qs), CVE-2020-11023 (jquery, known exploited).
	cartModules    = "express@4.17.1 lodash@4.17.20 minimist@1.2.5 qs@6.7.0 path-to-regexp@0.1.7 send@0.17.1 debug@2.6.9"
	catalogModules = "express@4.18.2 lodash@4.17.21 minimist@1.2.8 qs@6.11.0 path-to-regexp@0.1.7 body-parser@1.20.1"
	// CVE-2021-44228, Log4Shell, known exploited.
	searchJars = "org.apache.logging.log4j:log4j-core@2.14.1 org.apache.logging.log4j:log4j-api@2.14.1 com.google.guava:guava@30.1-jre org.slf4j:slf4j-api@1.7.30"
	// CVE-2022-34265 and CVE-2023-24580 (Django), CVE-2024-23334 (aiohttp).
	reportModules = "Django@3.2.12 aiohttp@3.8.4 requests@2.25.1 urllib3@1.26.4 Pillow@8.1.0 PyYAML@5.3 Jinja2@2.11.2 sqlparse@0.4.2 pytz@2022.1"
)

// addShop publishes the shop: five services of which four share base layers.
func addShop(r *Registry) error {
	old, err := bullseye.base()
	if err != nil {
		return err
	}
	node, err := nodeApp("npm", "usr/local/lib/node_modules/npm", "abbrev@1.1.1 chownr@1.1.4 glob@7.1.6 graceful-fs@4.2.4 ini@1.3.5 semver@5.7.1 tar@4.4.13 which@1.3.1")
	if err != nil {
		return err
	}
	for _, s := range []struct{ name, modules, about string }{
		{"web", webModules, "Node.js on an old Debian 11, jQuery in KEV"},
		{"cart", cartModules, "Node.js on an old Debian 11"},
		{"catalog", catalogModules, "Node.js on an old Debian 11, newer modules"},
	} {
		app, err := nodeApp("shop-"+s.name, "app", s.modules)
		if err != nil {
			return err
		}
		p := Published{Name: "shop-" + s.name, Registry: ECR, Repository: "shop/" + s.name, Tag: "v1.8.2", About: s.about}
		if err := addImage(r, p, old, node, app); err != nil {
			return err
		}
	}
	search, err := javaApp("opt/search/lib", searchJars)
	if err != nil {
		return err
	}
	err = addImage(r, Published{
		Name: "shop-search", Registry: ECR, Repository: "shop/search", Tag: "v3.0.1",
		About: "Java with Log4Shell on an old Debian 11",
	}, old, search)
	if err != nil {
		return err
	}
	clean, err := bookworm.distroless("amd64", "base-files", "tzdata", "ca-certificates")
	if err != nil {
		return err
	}
	payments, err := goProgram{
		path: "example.com/shop/payments/cmd/payments", version: "v1.4.0", compiler: "go1.21.5", architecture: "amd64",
		deps: "github.com/golang-jwt/jwt/v4@v4.5.0 golang.org/x/net@v0.19.0 golang.org/x/text@v0.14.0 google.golang.org/grpc@v1.58.2",
	}.layer("usr/local/bin/payments")
	if err != nil {
		return err
	}
	return addImage(r, Published{
		Name: "shop-payments", Registry: ECR, Repository: "shop/payments", Tag: "v1.4.0",
		About: "Go on distroless, golang.org/x/net with CVE-2023-45288",
	}, clean, payments)
}

// addServices publishes the estate's other services.
func addServices(r *Registry) error {
	fresh, err := bookworm.base()
	if err != nil {
		return err
	}
	reports, err := pythonApp("reports", reportModules)
	if err != nil {
		return err
	}
	err = addImage(r, Published{
		Name: "reports", Registry: ECR, Repository: "finance/reports", Tag: "2026.4",
		About: "Python with an old Django on an updated Debian 12",
	}, fresh, reports)
	if err != nil {
		return err
	}
	old, err := buster.base()
	if err != nil {
		return err
	}
	trimmed, err := newLayer("RUN /bin/sh -c rm -rf /usr/share/doc/tzdata && ln /etc/erp.conf /etc/erp.bak # buildkit", 0,
		whiteout("usr/share/doc/tzdata"), text("etc/erp.conf", "port=8080\n"), hardlink("etc/erp.bak", "etc/erp.conf"))
	if err != nil {
		return err
	}
	err = addImage(r, Published{
		Name: "legacy-erp", Registry: ECR, Repository: "finance/legacy-erp", Tag: "7.2",
		About: "Debian 10, past its end of life, with Apache and sudo in KEV",
	}, old, trimmed)
	if err != nil {
		return err
	}
	empty, err := bookworm.distroless("amd64", "base-files", "tzdata")
	if err != nil {
		return err
	}
	site, err := newLayer("COPY public/ /srv/ # buildkit", 0, text("srv/index.html", "<!doctype html><title>Hello</title>\n"))
	if err != nil {
		return err
	}
	return addImage(r, Published{
		Name: "static-site", Registry: ECR, Repository: "web/static-site", Tag: "1.0.3",
		About: "distroless with nothing to find",
	}, empty, site)
}

// addPublic publishes what the estate takes from public registries.
func addPublic(r *Registry) error {
	old, err := bullseye.base()
	if err != nil {
		return err
	}
	fresh, err := bookworm.base()
	if err != nil {
		return err
	}
	toolbox, err := alpine("3.12.0", "Alpine Linux v3.12", "musl@1.1.24-r8 busybox@1.31.1-r16 alpine-baselayout@3.2.0-r6 libcrypto1.1@1.1.1g-r0 libssl1.1@1.1.1g-r0 zlib@1.2.11-r3 apk-tools@2.10.5-r1")
	if err != nil {
		return err
	}
	for _, im := range []struct {
		p    Published
		base layer
	}{
		{Published{Name: "debian-11", Registry: DockerHub, Repository: "library/debian", Tag: "bullseye-20210816", About: "Debian 11 of 2021 with no update"}, old},
		{Published{Name: "debian-12", Registry: DockerHub, Repository: "library/debian", Tag: "bookworm", About: "Debian 12 with its updates, mostly clean"}, fresh},
		{Published{Name: "alpine-3.12", Registry: DockerHub, Repository: "library/alpine", Tag: "3.12.0", About: "Alpine 3.12, past its end of life"}, toolbox},
	} {
		if err := addImage(r, im.p, im.base); err != nil {
			return err
		}
	}
	return nil
}

// addAgent publishes the agent that runs.
func addAgent(r *Registry) error {
	return addAgentAt(r, "agent", goProgram{
		path: "example.com/observe/agent", version: "v2.3.0", compiler: "go1.22.0",
		deps: "golang.org/x/net@v0.22.0 golang.org/x/crypto@v0.16.0 golang.org/x/sys@v0.18.0",
	}, "multi-arch Go agent, Terrapin (CVE-2023-48795) in golang.org/x/crypto")
}
