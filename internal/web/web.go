// Package web gives browsers the console: the files that `./console/build.sh` made,
// which are part of the program.
//
// It takes a folder of files and gives a handler that chooses the encoding, lets
// browsers keep what never changes, and sets the headers that confine a page. A
// build without the console has a page that says so. The package knows nothing of
// the API, asks nobody who they are, and has no secret to show.
package web

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// dist holds the built console; without it, a placeholder alone.
//
//go:embed all:dist
var dist embed.FS

// index is the one page: the console reads its own address.
const index = "index.html"

// hashed is the folder of files whose names change with their content.
const hashed = "assets/"

// Console answers for the console's page and its parts.
type Console struct {
	files map[string]*file
}

// New gives the console of this build.
func New() (*Console, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("the console's files: %w", err)
	}
	return From(files)
}

// From gives the console that a folder holds.
func From(folder fs.FS) (*Console, error) {
	files, err := read(folder)
	if err != nil {
		return nil, fmt.Errorf("the console's files: %w", err)
	}
	return &Console{files: files}, nil
}

// Built reports whether this build has the console.
func (c *Console) Built() bool { return c.files[index] != nil }

// Takes reports whether a request that no route of the API answers is for the
// console: its page, whatever its address, when a browser asks for one, and the
// parts of it.
func (c *Console) Takes(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	name := nameOf(r)
	switch {
	case name == index, c.files[name] != nil, strings.HasPrefix(name, hashed):
		return true
	case strings.HasPrefix(name, "api/"), strings.HasPrefix(name, "auth/"), path.Ext(name) != "":
		return false
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// ServeHTTP answers a request that Takes was asked about.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := nameOf(r)
	confine(w.Header(), strings.HasPrefix(name, hashed))
	f := c.files[name]
	switch {
	case f == nil && strings.HasPrefix(name, hashed):
		// A page that was loaded before an update asks for its old parts.
		http.Error(w, "This part of the console is gone; load the page again.", http.StatusNotFound)
		return
	case f == nil:
		f, name = c.files[index], index
	}
	if f == nil {
		missing(w)
		return
	}
	f.serve(w, r, strings.HasPrefix(name, hashed))
}

// nameOf gives the name of the file that a request asks for.
func nameOf(r *http.Request) string {
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "" {
		return index
	}
	return name
}

// policy lets the page load its own parts and ask its own server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// confine sets what a browser may do with the page. For its parts the page's own
// policy counts, and forty times half a kilobyte is left out.
func confine(h http.Header, part bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if part {
		return
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)")
}
