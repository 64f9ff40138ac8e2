package web

import (
	"net/http"
	"strconv"
)

// missingPage says that the console is not there. It has no script and no style.
const missingPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>eksposure</title></head>
<body>
<h1>The console is not in this build</h1>
<p>The API is here all the same: AWS Security Hub's V2 API under <code>/</code>, and eksposure's own under <code>/api/v1</code>.</p>
<p>To have the console, build it and then the program, in a checkout of the source:</p>
<pre>./console/build.sh
go build -o bin/eksposure ./cmd/eksposure</pre>
</body>
</html>
`

// missing answers for a console that is not in this build.
func missing(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(missingPage)))
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(missingPage)) // the browser is gone, and there is nobody to tell
}
