package images

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
)

// pin is one package at one version.
type pin struct{ name, version string }

// pins reads "name@version" words; a scoped npm name keeps its first @.
func pins(list string) []pin {
	var all []pin
	for word := range strings.FieldsSeq(list) {
		i := strings.LastIndex(word, "@")
		all = append(all, pin{name: word[:i], version: word[i+1:]})
	}
	return all
}

// nodeApp makes a layer with an npm application and its installed modules.
func nodeApp(name, dir, modules string) (layer, error) {
	manifest, err := json.MarshalIndent(map[string]any{
		"name": name, "version": "1.0.0", "private": true, "license": "UNLICENSED",
	}, "", "  ")
	if err != nil {
		return layer{}, err
	}
	entries := []entry{
		file(dir+"/package.json", manifest),
		text(dir+"/server.js", "require('express')().listen(8080)\n"),
	}
	for _, p := range pins(modules) {
		module, err := json.MarshalIndent(map[string]any{
			"name": p.name, "version": p.version, "license": "MIT", "main": "index.js",
			"repository": map[string]string{"type": "git", "url": "https://github.com/" + p.name + "/" + p.name},
		}, "", "  ")
		if err != nil {
			return layer{}, err
		}
		entries = append(entries,
			file(dir+"/node_modules/"+p.name+"/package.json", module),
			text(dir+"/node_modules/"+p.name+"/index.js", "module.exports = {}\n"),
		)
	}
	return newLayer("RUN /bin/sh -c npm ci --omit=dev # buildkit", gzip.NoCompression, entries...)
}

// pythonApp makes a layer with installed distributions (PEP 376, PEP 427).
func pythonApp(name, modules string) (layer, error) {
	const site = "usr/local/lib/python3.9/site-packages/"
	entries := []entry{text("app/main.py", "# "+name+"\nimport django\n")}
	for _, p := range pins(modules) {
		module := strings.ReplaceAll(strings.ToLower(p.name), "-", "_")
		info := site + module + "-" + p.version + ".dist-info/"
		entries = append(entries,
			text(info+"METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\nLicense: BSD-3-Clause\n\n", p.name, p.version)),
			text(info+"RECORD", fmt.Sprintf("%s/__init__.py,,\n%s-%s.dist-info/METADATA,,\n%s-%s.dist-info/RECORD,,\n", module, module, p.version, module, p.version)),
			text(info+"top_level.txt", module+"\n"),
			text(info+"INSTALLER", "pip\n"),
			text(site+module+"/__init__.py", fmt.Sprintf("__version__ = %q\n", p.version)),
		)
	}
	return newLayer("RUN /bin/sh -c pip install -r requirements.txt # buildkit", gzip.NoCompression, entries...)
}

// javaApp makes a layer with one jar for each "group:artifact@version".
func javaApp(dir, artifacts string) (layer, error) {
	var entries []entry
	for _, p := range pins(artifacts) {
		group, name, _ := strings.Cut(p.name, ":")
		archive, err := jar(group, name, p.version)
		if err != nil {
			return layer{}, fmt.Errorf("jar %q: %w", p.name, err)
		}
		entries = append(entries, file(dir+"/"+name+"-"+p.version+".jar", archive))
	}
	return newLayer("COPY target/lib/ /"+dir+"/ # buildkit", gzip.NoCompression, entries...)
}

// jar packs what Maven writes into every artifact: the manifest and its own
// coordinates.
func jar(group, name, version string) ([]byte, error) {
	maven := "META-INF/maven/" + group + "/" + name + "/"
	contents := []struct{ name, body string }{
		{"META-INF/MANIFEST.MF", fmt.Sprintf("Manifest-Version: 1.0\r\nImplementation-Title: %s\r\nImplementation-Version: %s\r\nImplementation-Vendor-Id: %s\r\n\r\n", name, version, group)},
		{maven + "pom.properties", fmt.Sprintf("version=%s\ngroupId=%s\nartifactId=%s\n", version, group, name)},
		{maven + "pom.xml", fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>%s</groupId>
  <artifactId>%s</artifactId>
  <version>%s</version>
</project>
`, group, name, version)},
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, c := range contents {
		f, err := w.CreateHeader(&zip.FileHeader{Name: c.name, Method: zip.Store, Modified: built})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write([]byte(c.body)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// alpine makes a base layer with apk's database of installed packages.
func alpine(version, pretty, packages string) (layer, error) {
	var db strings.Builder
	for _, p := range pins(packages) {
		fmt.Fprintf(&db, "C:Q1%s=\nP:%s\nV:%s\nA:x86_64\nS:1000\nI:4096\nT:%s\nU:https://alpinelinux.org/\nL:MIT\no:%s\nm:Natanael Copa <ncopa@alpinelinux.org>\nF:usr\nF:usr/share\nF:usr/share/%s\nR:README\n\n",
			digest([]byte(p.name))[7:34], p.name, p.version, p.name, p.name, p.name)
	}
	return newLayer("/bin/sh -c #(nop) ADD file:alpine-minirootfs-"+version+"-x86_64.tar.gz in / ", gzip.NoCompression,
		text("etc/os-release", fmt.Sprintf("NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=%s\nPRETTY_NAME=\"%s\"\nHOME_URL=\"https://alpinelinux.org/\"\nBUG_REPORT_URL=\"https://bugs.alpinelinux.org/\"\n", version, pretty)),
		text("etc/alpine-release", version+"\n"),
		text("lib/apk/db/installed", db.String()),
	)
}
