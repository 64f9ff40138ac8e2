package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Verify computes the signature again from what arrived, and reports a difference
// as ErrMismatch. It takes the same time wherever the difference is.
func (s Signature) Verify(r *http.Request, body []byte, secret string) error {
	sum := sha256.Sum256(body)
	payload := hex.EncodeToString(sum[:])
	if claimed := r.Header.Get("X-Amz-Content-Sha256"); claimed != "" && claimed != payload {
		return ErrMismatch
	}
	query, err := s.canonicalQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	canonical := strings.Join([]string{
		r.Method, s.canonicalPath(r), query, s.canonicalHeaders(r), strings.Join(s.SignedHeaders, ";"), payload,
	}, "\n")
	hashed := sha256.Sum256([]byte(canonical))
	scope := []string{s.day(), s.Region, s.Service, terminator}
	text := strings.Join([]string{algorithm, s.At.Format(timeFormat), strings.Join(scope, "/"), hex.EncodeToString(hashed[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range scope {
		key = mac(key, part)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(mac(key, text))), []byte(s.Sum)) {
		return ErrMismatch
	}
	return nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// canonicalPath encodes the path as it stood on the wire once more, as every
// service but S3 does, whose objects may have any name.
func (s Signature) canonicalPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	if uri := r.RequestURI; strings.HasPrefix(uri, "/") {
		path, _, _ = strings.Cut(uri, "?")
	}
	if path == "" {
		path = "/"
	}
	if s.Service == "s3" {
		return path
	}
	return encode(path, "/")
}

// canonicalQuery sorts the parameters by their encoded names and values, without
// the signature of a presigned URL. What cannot be decoded is refused: a server
// that skips it would not see what was signed.
func (s Signature) canonicalQuery(raw string) (string, error) {
	var parts [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil {
			return "", fmt.Errorf("%w: query string", ErrMalformed)
		}
		if s.Presigned && name == querySignal {
			continue
		}
		parts = append(parts, [2]string{encode(name, ""), encode(value, "")})
	}
	slices.SortFunc(parts, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	var out strings.Builder
	for i, p := range parts {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(p[0] + "=" + p[1])
	}
	return out.String(), nil
}

func (s Signature) canonicalHeaders(r *http.Request) string {
	var out strings.Builder
	for _, name := range s.SignedHeaders {
		values := r.Header.Values(name)
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.Join(strings.Fields(v), " ")
		}
		out.WriteString(name + ":" + strings.Join(trimmed, ",") + "\n")
	}
	return out.String()
}

// encode is the URI encoding of SigV4: unreserved characters of RFC 3986 and
// those in keep stay.
func encode(s, keep string) string {
	const hexDigits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.IndexByte("-_.~", c) >= 0 || strings.IndexByte(keep, c) >= 0 {
			out.WriteByte(c)
			continue
		}
		out.WriteByte('%')
		out.WriteByte(hexDigits[c>>4])
		out.WriteByte(hexDigits[c&15])
	}
	return out.String()
}
