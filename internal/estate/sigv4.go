package estate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	// maxSkew is how far a signed request's time may be off, "within five minutes"
	// (AWS Signature Version 4 signing process).
	maxSkew = 5 * time.Minute
	// maxPresigned is the longest life of a presigned URL (the same document).
	maxPresigned = 7 * 24 * time.Hour
)

// What can be wrong with a signature. Each service has its own word for each.
var (
	errUnsigned  = errors.New("request is not signed")
	errMalformed = errors.New("malformed signature")
	errSignature = errors.New("signature does not match")
	errOutdated  = errors.New("signature expired")
)

// signature is what a request says about how it was signed.
type signature struct {
	accessKey, date, region, service string
	signedHeaders                    []string
	sum                              string
	token                            string
	at                               time.Time
	presigned                        bool
	lifetime                         time.Duration
}

// readSignature takes the SigV4 parts from the Authorization header, else from
// the query string (AWS General Reference, "Create a signed AWS API request").
func readSignature(r *http.Request) (signature, error) {
	if auth := r.Header.Get("Authorization"); auth != "" {
		return readHeaderSignature(r, auth)
	}
	q := r.URL.Query()
	if q.Get("X-Amz-Signature") == "" {
		return signature{}, errUnsigned
	}
	if q.Get("X-Amz-Algorithm") != algorithm {
		return signature{}, fmt.Errorf("%w: algorithm %q", errMalformed, q.Get("X-Amz-Algorithm"))
	}
	s := signature{
		sum: q.Get("X-Amz-Signature"), token: q.Get("X-Amz-Security-Token"), presigned: true,
		signedHeaders: strings.Split(q.Get("X-Amz-SignedHeaders"), ";"),
	}
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	s.lifetime = time.Duration(seconds) * time.Second
	if err != nil || seconds < 0 || s.lifetime > maxPresigned {
		return signature{}, fmt.Errorf("%w: X-Amz-Expires %q", errMalformed, q.Get("X-Amz-Expires"))
	}
	return s.complete(q.Get("X-Amz-Credential"), q.Get("X-Amz-Date"))
}

func readHeaderSignature(r *http.Request, auth string) (signature, error) {
	rest, ok := strings.CutPrefix(auth, algorithm+" ")
	if !ok {
		return signature{}, fmt.Errorf("%w: algorithm", errMalformed)
	}
	var s signature
	var credential string
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			credential = value
		case "SignedHeaders":
			s.signedHeaders = strings.Split(value, ";")
		case "Signature":
			s.sum = value
		}
	}
	s.token = r.Header.Get("X-Amz-Security-Token")
	return s.complete(credential, r.Header.Get("X-Amz-Date"))
}

// complete reads the credential scope KEY/DATE/REGION/SERVICE/aws4_request.
func (s signature) complete(credential, date string) (signature, error) {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return s, fmt.Errorf("%w: credential scope", errMalformed)
	}
	s.accessKey, s.date, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
	at, err := time.Parse(timeFormat, date)
	if err != nil {
		return s, fmt.Errorf("%w: date %q", errMalformed, date)
	}
	s.at = at
	if at.Format("20060102") != s.date {
		return s, fmt.Errorf("%w: date of the scope is not the date of the request", errMalformed)
	}
	if !slices.Contains(s.signedHeaders, "host") {
		return s, fmt.Errorf("%w: host is not signed", errMalformed)
	}
	return s, nil
}

// fresh reports whether now is in the time in which the signature counts.
func (s signature) fresh(now time.Time) error {
	if s.at.After(now.Add(maxSkew)) {
		return fmt.Errorf("%w: %s is still later than %s (%s + 5 min.)", errOutdated,
			s.at.Format(timeFormat), now.UTC().Add(maxSkew).Format(timeFormat), now.UTC().Format(timeFormat))
	}
	last := s.at.Add(maxSkew)
	if s.presigned {
		last = s.at.Add(s.lifetime)
	}
	if now.After(last) {
		return fmt.Errorf("%w: %s is now earlier than %s (%s - 5 min.)", errOutdated,
			s.at.Format(timeFormat), now.UTC().Add(-maxSkew).Format(timeFormat), now.UTC().Format(timeFormat))
	}
	return nil
}

// verify computes the signature again from what arrived.
func (s signature) verify(r *http.Request, body []byte, secret string) error {
	sum := sha256.Sum256(body)
	payload := hex.EncodeToString(sum[:])
	if claimed := r.Header.Get("X-Amz-Content-Sha256"); claimed != "" && claimed != payload {
		return errSignature
	}
	canonical := strings.Join([]string{
		r.Method, canonicalPath(r), canonicalQuery(r.URL.RawQuery), s.canonicalHeaders(r),
		strings.Join(s.signedHeaders, ";"), payload,
	}, "\n")
	hashed := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{s.date, s.region, s.service, "aws4_request"}, "/")
	text := strings.Join([]string{algorithm, s.at.Format(timeFormat), scope, hex.EncodeToString(hashed[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request"} {
		key = mac(key, part)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(mac(key, text))), []byte(s.sum)) {
		return errSignature
	}
	return nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// canonicalPath encodes the path as it stood on the wire once more, as every
// service but S3 does.
func canonicalPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	if uri := r.RequestURI; strings.HasPrefix(uri, "/") {
		path, _, _ = strings.Cut(uri, "?")
	}
	if path == "" {
		path = "/"
	}
	return encode(path, "/")
}

// canonicalQuery sorts the parameters by their encoded names and values, without
// the signature itself.
func canonicalQuery(raw string) string {
	var parts [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil || name == "X-Amz-Signature" {
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
	return out.String()
}

func (s signature) canonicalHeaders(r *http.Request) string {
	var out strings.Builder
	for _, name := range s.signedHeaders {
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
