package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// kinds are the media types by extension. The machine's own table is not asked:
// with nosniff, a wrong one stops the page.
func kinds() map[string]string {
	return map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/vnd.microsoft.icon", ".woff2": "font/woff2",
		".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
	}
}

// encoding is a form in which a file is kept, and the extension of its name.
type encoding struct{ name, extension string }

// encodings are the smallest first.
func encodings() []encoding {
	return []encoding{{"br", ".br"}, {"gzip", ".gz"}, {"", ""}}
}

// file is one file in all its encodings, by their names; the plain one has none.
type file struct {
	kind string
	tag  string
	data map[string][]byte
}

// read reads the files of a folder, and joins the encodings of each.
func read(folder fs.FS) (map[string]*file, error) {
	types, files := kinds(), map[string]*file{}
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		kind := types[path.Ext(name)]
		if kind == "" {
			return nil // an encoding of another, or nothing that a page asks for
		}
		f := &file{kind: kind, data: map[string][]byte{}}
		for _, e := range encodings() {
			data, err := fs.ReadFile(folder, name+e.extension)
			if err != nil && e.name != "" {
				continue // files that would not become smaller have one form
			}
			if err != nil {
				return fmt.Errorf("read %q: %w", name, err)
			}
			f.data[e.name] = data
		}
		sum := sha256.Sum256(f.data[""])
		f.tag = hex.EncodeToString(sum[:16])
		files[name] = f
		return nil
	})
	return files, err
}

// serve answers with the file. One that is kept for ever has a name of its own for
// each content; any other is asked for again, and told that it is the same.
func (f *file) serve(w http.ResponseWriter, r *http.Request, forever bool) {
	name := f.choose(r.Header.Get("Accept-Encoding"))
	tag := `"` + strings.TrimSuffix(f.tag+"-"+name, "-") + `"`
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", tag)
	h.Set("Cache-Control", "no-cache")
	if forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if len(f.data) > 1 {
		h.Set("Vary", "Accept-Encoding")
	}
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if name != "" {
		h.Set("Content-Encoding", name)
	}
	h.Set("Content-Length", strconv.Itoa(len(f.data[name])))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.data[name]) // the browser is gone, and there is nobody to tell
	}
}

// choose gives the first encoding that is there and that the browser takes
// (RFC 9110, 12.5.3).
func (f *file) choose(accept string) string {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(accept, ",") {
		name, weight, found := strings.Cut(strings.ToLower(strings.ReplaceAll(part, " ", "")), ";q=")
		q, err := strconv.ParseFloat(weight, 64)
		if !found || err != nil {
			q = 1
		}
		weights[name] = q
	}
	for _, e := range encodings() {
		q, named := weights[e.name]
		if !named {
			q = weights["*"]
		}
		if f.data[e.name] != nil && (e.name == "" || q > 0) {
			return e.name
		}
	}
	return ""
}
