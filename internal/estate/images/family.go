package images

import (
	"compress/gzip"
	"debug/elf"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Sizes of the family's layers. They follow usual images: debian:bullseye with its
// tools, the node, python and eclipse-temurin images on it, a set of Go tools.
const (
	baseLibraries   = 450
	baseLibrarySize = 100 << 10
	baseTexts       = 4000
	baseTextSize    = 6 << 10
	appBinarySize   = 4 << 20
)

// runtime is a layer that several applications of the family stand on.
type runtime struct {
	name  string
	layer func() (layer, error)
	app   func(name string, number int) ([]entry, error)
}

// Family publishes n images, "family-00" and on, that share base layers as the
// services of one company do: one Debian base for all, one of four runtimes
// (Node, Python, Java, Go tools) on it, one application layer each. It is for
// benchmarks: about 250 MB of layers in memory.
func Family(n int) (*Registry, error) {
	r := empty()
	base, err := familyBase()
	if err != nil {
		return nil, err
	}
	runtimes := runtimes()
	middle := make([]layer, len(runtimes))
	for i, rt := range runtimes {
		if middle[i], err = rt.layer(); err != nil {
			return nil, fmt.Errorf("runtime %q: %w", rt.name, err)
		}
	}
	for i := range n {
		rt := runtimes[i%len(runtimes)]
		name := fmt.Sprintf("family-%02d", i)
		entries, err := rt.app(name, i)
		if err != nil {
			return nil, fmt.Errorf("image %q: %w", name, err)
		}
		app, err := newLayer("COPY . /app # buildkit", gzip.BestSpeed, entries...)
		if err != nil {
			return nil, err
		}
		p := Published{Name: name, Registry: ECR, Repository: "family/" + name, Tag: "latest", About: rt.name + " application"}
		if err := addImage(r, p, base, middle[i%len(runtimes)], app); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// familyBase is bullseye's package database with the programs, libraries and
// texts of a full image.
func familyBase() (layer, error) {
	entries := bullseye.release()
	var status strings.Builder
	for line := range strings.Lines(strings.TrimSpace(bullseye.packages) + "\n") {
		p := parseDebian(line)
		status.WriteString(p.stanza(baseArchitecture) + "\n")
		entries = append(entries, p.files()...)
	}
	entries = append(entries, text("var/lib/dpkg/status", status.String()))
	for i := range baseLibraries {
		name := fmt.Sprintf("usr/lib/x86_64-linux-gnu/libfamily%03d.so.%d", i, i%7)
		entries = append(entries, program(name, newELF(elf.EM_X86_64, nil, plausible(name, baseLibrarySize))))
	}
	for i := range baseTexts {
		name := fmt.Sprintf("usr/share/data/%02d/part-%04d.dat", i%60, i)
		entries = append(entries, file(name, plausible(name, baseTextSize)))
	}
	return newLayer("/bin/sh -c #(nop) ADD file:family-base in / ", gzip.BestSpeed, entries...)
}

func runtimes() []runtime {
	return []runtime{
		{"node", nodeRuntime, func(_ string, number int) ([]entry, error) {
			return nodeModules("app/node_modules", webModules+" "+cartModules, 60, number), nil
		}},
		{"python", pythonRuntime, func(_ string, number int) ([]entry, error) {
			return wheels("app/venv/lib/python3.9/site-packages", reportModules, 30, number), nil
		}},
		{"java", javaRuntime, func(_ string, number int) ([]entry, error) {
			return jars("app/lib", searchJars, 12, number)
		}},
		{"go", goRuntime, func(name string, number int) ([]entry, error) {
			return goApp(name, number), nil
		}},
	}
}

func nodeRuntime() (layer, error) {
	entries := nodeModules("usr/local/lib/node_modules/npm/node_modules", "", 220, -1)
	entries = append(entries, program("usr/local/bin/node", newELF(elf.EM_X86_64, nil, plausible("node", 40<<20))))
	return newLayer("RUN /bin/sh -c install node # buildkit", gzip.BestSpeed, entries...)
}

func pythonRuntime() (layer, error) {
	entries := wheels("usr/local/lib/python3.9/site-packages", "", 25, -1)
	for i := range 1500 {
		name := fmt.Sprintf("usr/local/lib/python3.9/module%04d.py", i)
		entries = append(entries, file(name, plausible(name, 12<<10)))
	}
	entries = append(entries, program("usr/local/lib/libpython3.9.so.1.0", newELF(elf.EM_X86_64, nil, plausible("libpython", 18<<20))))
	return newLayer("RUN /bin/sh -c install python # buildkit", gzip.BestSpeed, entries...)
}

func javaRuntime() (layer, error) {
	entries, err := jars("opt/framework/lib", "", 40, -1)
	if err != nil {
		return layer{}, err
	}
	entries = append(entries,
		file("opt/java/lib/modules", plausible("modules", 50<<20)),
		program("opt/java/lib/server/libjvm.so", newELF(elf.EM_X86_64, nil, plausible("libjvm", 18<<20))),
	)
	return newLayer("RUN /bin/sh -c install java # buildkit", gzip.BestSpeed, entries...)
}

func goRuntime() (layer, error) {
	var entries []entry
	for _, name := range []string{"agent", "proxy", "probe"} {
		g := goProgram{
			path: "example.com/tools/" + name, version: "v1.9.0", compiler: "go1.21.5", architecture: "amd64",
			deps: "golang.org/x/net@v0.19.0 golang.org/x/text@v0.14.0 google.golang.org/grpc@v1.58.2",
		}
		entries = append(entries, program("usr/local/bin/"+name, g.binary(12<<20)))
	}
	return newLayer("COPY tools/ /usr/local/bin/ # buildkit", gzip.BestSpeed, entries...)
}

// nodeModules gives the wanted modules and count made-up ones.
func nodeModules(dir, wanted string, count, number int) []entry {
	all := pins(wanted)
	for i := range count {
		all = append(all, pin{fmt.Sprintf("family-module-%d-%d", number, i), fmt.Sprintf("1.%d.0", i)})
	}
	var entries []entry
	for _, p := range all {
		at := dir + "/" + p.name + "/"
		entries = append(entries, text(at+"package.json", fmt.Sprintf(`{"name":%q,"version":%q,"license":"MIT","main":"index.js"}`, p.name, p.version)))
		for part := range 8 {
			name := fmt.Sprintf("%slib/part%d.js", at, part)
			entries = append(entries, file(name, plausible(name, 6<<10)))
		}
	}
	return entries
}

// wheels gives the wanted distributions and count made-up ones.
func wheels(site, wanted string, count, number int) []entry {
	all := pins(wanted)
	for i := range count {
		all = append(all, pin{fmt.Sprintf("family-dist-%d-%d", number+1, i), fmt.Sprintf("2.%d", i)})
	}
	var entries []entry
	for _, p := range all {
		module := strings.ReplaceAll(strings.ToLower(p.name), "-", "_")
		info := site + "/" + module + "-" + p.version + ".dist-info/"
		var record strings.Builder
		for part := range 30 {
			name := fmt.Sprintf("%s/%s/part%d.py", site, module, part)
			fmt.Fprintf(&record, "%s/part%d.py,,\n", module, part)
			entries = append(entries, file(name, plausible(name, 5<<10)))
		}
		entries = append(entries,
			text(info+"METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\nLicense: BSD-3-Clause\n\n", p.name, p.version)),
			text(info+"RECORD", record.String()),
		)
	}
	return entries
}

// jars gives the wanted artifacts and count made-up ones.
func jars(dir, wanted string, count, number int) ([]entry, error) {
	all := pins(wanted)
	for i := range count {
		all = append(all, pin{fmt.Sprintf("com.example.family:artifact-%d-%d", number+1, i), fmt.Sprintf("3.%d.0", i)})
	}
	var entries []entry
	for _, p := range all {
		group, name, _ := strings.Cut(p.name, ":")
		archive, err := jar(group, name, p.version)
		if err != nil {
			return nil, err
		}
		entries = append(entries, file(dir+"/"+name+"-"+p.version+".jar", archive))
	}
	return entries, nil
}

func goApp(name string, number int) []entry {
	g := goProgram{
		path: "example.com/" + name, version: fmt.Sprintf("v1.%d.0", number), compiler: "go1.21.5", architecture: "amd64",
		deps: "github.com/golang-jwt/jwt/v4@v4.5.0 golang.org/x/net@v0.22.0 golang.org/x/crypto@v0.16.0",
	}
	return []entry{program("app/"+name, g.binary(appBinarySize))}
}

// plausible gives n bytes that compress about as well as programs do, to two fifths.
func plausible(seed string, n int) []byte {
	out := noise(seed, n)
	const block, varied = 64, 24
	for i := range out {
		if i%block >= varied {
			out[i] = byte('a' + i%block%16)
		}
	}
	return out
}

// noise gives n bytes that do not compress, the same for the same seed.
func noise(seed string, n int) []byte {
	var key [32]byte
	copy(key[:], seed)
	out := make([]byte, n)
	// ChaCha8.Read is documented never to fail.
	_, _ = rand.NewChaCha8(key).Read(out)
	return out
}
