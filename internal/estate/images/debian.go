package images

import (
	"compress/gzip"
	"crypto/md5"
	"fmt"
	"strings"
)

// debianRelease is a release with the packages of its image.
type debianRelease struct {
	version  string
	codename string
	pretty   string
	point    string
	// packages are lines "binary version [source[=source version]]".
	packages string
}

// bullseye is Debian 11 as it came out in August 2021, before any update: OpenSSL
// 1.1.1k (CVE-2021-3711, CVE-2022-2068), zlib (CVE-2018-25032, CVE-2022-37434),
// glibc (CVE-2023-4911, known exploited), curl, expat.
var bullseye = debianRelease{
	version: "11", codename: "bullseye", pretty: "Debian GNU/Linux 11 (bullseye)", point: "11.0",
	packages: `
apt 2.2.4
base-files 11.1
bash 5.1-2+b3 bash=5.1-2
bsdutils 1:2.36.1-8 util-linux=2.36.1-8
ca-certificates 20210119
coreutils 8.32-4+b1 coreutils=8.32-4
curl 7.74.0-1.3+b1 curl=7.74.0-1.3
dash 0.5.11+git20200708+dd9ef66-5
dpkg 1.20.9
gpgv 2.2.27-2 gnupg2
gzip 1.10-4
libapt-pkg6.0 2.2.4 apt
libc-bin 2.31-13 glibc
libc6 2.31-13 glibc
libcurl4 7.74.0-1.3+b1 curl=7.74.0-1.3
libexpat1 2.2.10-2 expat
libgcrypt20 1.8.7-6
libgnutls30 3.7.1-5 gnutls28
libgssapi-krb5-2 1.18.3-6 krb5
libkrb5-3 1.18.3-6 krb5
libldap-2.4-2 2.4.57+dfsg-3 openldap
liblzma5 5.2.5-2 xz-utils
libncursesw6 6.2+20201114-2 ncurses
libnghttp2-14 1.43.0-1 nghttp2
libpam0g 1.4.0-9 pam
libpcre2-8-0 10.36-2 pcre2
libsqlite3-0 3.34.1-3 sqlite3
libssh2-1 1.9.0-2 libssh2
libssl1.1 1.1.1k-1 openssl
libsystemd0 247.3-6 systemd
libtasn1-6 4.16.0-2
libxml2 2.9.10+dfsg-6.7
libzstd1 1.4.8+dfsg-2.1 libzstd
login 1:4.8.1-1 shadow
openssl 1.1.1k-1
passwd 1:4.8.1-1 shadow
perl-base 5.32.1-4 perl
sed 4.7-1
tar 1.34+dfsg-1
tzdata 2021a-1
util-linux 2.36.1-8
zlib1g 1:1.2.11.dfsg-2 zlib`,
}

// bookworm is Debian 12 with the updates that the security tracker knew in
// November 2026.
var bookworm = debianRelease{
	version: "12", codename: "bookworm", pretty: "Debian GNU/Linux 12 (bookworm)", point: "12.13",
	packages: `
apt 2.6.2
base-files 12.4+deb12u13
bash 5.2.15-2+b9 bash=5.2.15-2
ca-certificates 20230311+deb12u1
coreutils 9.1-1
curl 7.88.1-10+deb12u15
dash 0.5.12-2
dpkg 1.21.23
libc-bin 2.36-9+deb12u14 glibc
libc6 2.36-9+deb12u14 glibc
libcurl4 7.88.1-10+deb12u15 curl
libexpat1 2.5.0-1+deb12u5 expat
libgcrypt20 1.10.1-3+deb12u1
libgnutls30 3.7.9-2+deb12u7 gnutls28
libkrb5-3 1.20.1-2+deb12u5 krb5
liblzma5 5.4.1-1+deb12u1 xz-utils
libncursesw6 6.4-4 ncurses
libnghttp2-14 1.52.0-1+deb12u3 nghttp2
libpam0g 1.5.2-6+deb12u2 pam
libsqlite3-0 3.40.1-2+deb12u2 sqlite3
libssh2-1 1.10.0-3+deb12u1 libssh2
libssl3 3.0.22-1~deb12u2 openssl
libsystemd0 252.39-1~deb12u2 systemd
libtasn1-6 4.19.0-2+deb12u1
login 1:4.13+dfsg1-1+deb12u1 shadow
openssl 3.0.22-1~deb12u2
passwd 1:4.13+dfsg1-1+deb12u1 shadow
perl-base 5.36.0-7+deb12u4 perl
tar 1.34+dfsg-1.2+deb12u1
tzdata 2026a-0+deb12u1
util-linux 2.38.1-5+deb12u3
zlib1g 1:1.2.13.dfsg-1 zlib`,
}

// buster is Debian 10 of 2019, past the end of its long term support (30 June
// 2024): sudo (CVE-2021-3156, known exploited), Apache (CVE-2021-40438, known
// exploited), OpenSSL 1.1.1d.
var buster = debianRelease{
	version: "10", codename: "buster", pretty: "Debian GNU/Linux 10 (buster)", point: "10.3",
	packages: `
apache2 2.4.38-3+deb10u3
apache2-bin 2.4.38-3+deb10u3 apache2
apt 1.8.2
base-files 10.3+deb10u3
bash 5.0-4
coreutils 8.30-3
curl 7.64.0-4
dpkg 1.19.7
libc-bin 2.28-10 glibc
libc6 2.28-10 glibc
libcurl4 7.64.0-4 curl
libexpat1 2.2.6-2+deb10u1 expat
libfreetype6 2.9.1-3+deb10u1 freetype
libgnutls30 3.6.7-4+deb10u2 gnutls28
libldap-2.4-2 2.4.47+dfsg-3+deb10u1 openldap
libssl1.1 1.1.1d-0+deb10u2 openssl
libsystemd0 241-7~deb10u3 systemd
openssl 1.1.1d-0+deb10u2
perl-base 5.28.1-6 perl
sudo 1.8.27-1+deb10u1
tar 1.30+dfsg-6
tzdata 2019c-0+deb10u1
zlib1g 1:1.2.11.dfsg-1 zlib`,
}

// baseArchitecture is that of the full Debian images; only distroless ones are
// made for others.
const baseArchitecture = "amd64"

// base makes the release's base layer: os-release, the dpkg database with its
// lists, a copyright file for each package, and the merged /usr links.
func (d debianRelease) base() (layer, error) {
	entries := d.release()
	entries = append(entries,
		symlink("bin", "usr/bin"), symlink("lib", "usr/lib"), symlink("sbin", "usr/sbin"),
		text("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"),
	)
	var status strings.Builder
	for line := range strings.Lines(strings.TrimSpace(d.packages) + "\n") {
		p := parseDebian(line)
		status.WriteString(p.stanza(baseArchitecture) + "\n")
		entries = append(entries, p.files()...)
	}
	entries = append(entries, text("var/lib/dpkg/status", status.String()))
	return newLayer("/bin/sh -c #(nop) ADD file:"+digest([]byte(d.packages))[7:19]+" in / ", gzip.NoCompression, entries...)
}

// release gives the files that tell the operating system.
func (d debianRelease) release() []entry {
	return []entry{
		text("usr/lib/os-release", fmt.Sprintf(`PRETTY_NAME="%s"
NAME="Debian GNU/Linux"
VERSION_ID="%s"
VERSION="%s (%s)"
VERSION_CODENAME=%s
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
`, d.pretty, d.version, d.version, d.codename, d.codename)),
		symlink("etc/os-release", "../usr/lib/os-release"),
		text("etc/debian_version", d.point+"\n"),
	}
}

// distroless makes a base layer in the way of Google's distroless images: no
// dpkg database, one file in status.d for each of the chosen packages.
func (d debianRelease) distroless(architecture string, names ...string) (layer, error) {
	entries := d.release()
	entries = append(entries, text("etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"))
	for line := range strings.Lines(strings.TrimSpace(d.packages) + "\n") {
		p := parseDebian(line)
		for _, name := range names {
			if p.name != name {
				continue
			}
			entries = append(entries,
				text("var/lib/dpkg/status.d/"+p.name, p.stanza(architecture)),
				text("usr/share/doc/"+p.name+"/copyright", copyright(p)),
			)
		}
	}
	return newLayer("bazel build //base:static_nonroot_"+architecture+"_debian"+d.version, gzip.NoCompression, entries...)
}

type debianPackage struct{ name, version, source, sourceVersion string }

func parseDebian(line string) debianPackage {
	fields := strings.Fields(line)
	p := debianPackage{name: fields[0], version: fields[1]}
	if len(fields) > 2 {
		p.source, p.sourceVersion, _ = strings.Cut(fields[2], "=")
	}
	if p.source == p.name && p.sourceVersion == "" {
		p.source = ""
	}
	return p
}

// stanza is the package's paragraph of the dpkg database.
func (p debianPackage) stanza(architecture string) string {
	source := ""
	if p.source != "" {
		source = "Source: " + p.source
		if p.sourceVersion != "" {
			source += " (" + p.sourceVersion + ")"
		}
		source += "\n"
	}
	return fmt.Sprintf(`Package: %s
Status: install ok installed
Priority: optional
Section: libs
Installed-Size: 420
Maintainer: Debian Maintainers <debian-devel@lists.debian.org>
Architecture: %s
%sVersion: %s
Description: %s
 Part of the image's operating system.
`, p.name, architecture, source, p.version, p.name)
}

func (p debianPackage) files() []entry {
	notice := copyright(p)
	doc := "usr/share/doc/" + p.name + "/copyright"
	info := "var/lib/dpkg/info/" + p.name
	if strings.HasPrefix(p.name, "lib") {
		info += ":" + baseArchitecture
	}
	return []entry{
		text(doc, notice),
		text(info+".list", "/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/"+p.name+"\n/"+doc+"\n"),
		text(info+".md5sums", fmt.Sprintf("%x  %s\n", md5.Sum([]byte(notice)), doc)),
	}
}

func copyright(p debianPackage) string {
	return fmt.Sprintf(`Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: %s

Files: *
Copyright: the authors of %s
License: GPL-2+
`, p.name, p.name)
}
