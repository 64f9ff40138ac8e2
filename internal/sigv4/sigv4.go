// Package sigv4 verifies AWS Signature Version 4: it reads what a request says
// about how it was signed, and computes the signature again from what arrived.
//
// It takes a request as a server sees it, the body, and the secret of the key that
// the request names, and gives an error that says what is wrong. Both forms are
// known: the Authorization header, and the query string of a presigned URL. A
// payload that is not signed, or signed in chunks, is refused. The package never
// signs, keeps nothing, and knows no keys: who may use what, and how often, is for
// the caller to say.
//
// Source: IAM User Guide, "Create a signed AWS API request".
package sigv4

import (
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
	algorithm   = "AWS4-HMAC-SHA256"
	timeFormat  = "20060102T150405Z"
	terminator  = "aws4_request"
	querySignal = "X-Amz-Signature"
	// MaxSkew is how far a signed request's time may be off, "within five minutes".
	MaxSkew = 5 * time.Minute
	// MaxPresigned is the longest life of a presigned URL.
	MaxPresigned = 7 * 24 * time.Hour
	// maxAuthorization bounds the Authorization header, and maxSigned the headers
	// that it names: AWS clients sign about ten.
	maxAuthorization = 8 << 10
	maxSigned        = 64
)

// What can be wrong with a signature. Each AWS service has its own word for each.
var (
	// ErrUnsigned means that the request carries no signature.
	ErrUnsigned = errors.New("request is not signed")
	// ErrMalformed means that what it says about its signature cannot be read.
	ErrMalformed = errors.New("malformed signature")
	// ErrMismatch means that another secret was used, or that the request was changed.
	ErrMismatch = errors.New("signature does not match")
	// ErrOutdated means that the signature does not count now.
	ErrOutdated = errors.New("signature expired")
)

// Signature is what a request says about how it was signed. Nothing of it is true
// before Verify.
type Signature struct {
	// AccessKey names the key, Region and Service are those of the credential scope.
	AccessKey, Region, Service string
	// SignedHeaders are in lower case and sorted; host is one of them.
	SignedHeaders []string
	// Sum is the signature itself, in hexadecimal digits.
	Sum string
	// Token is the session token, which comes with temporary keys.
	Token string
	// At is when the request was signed.
	At time.Time
	// Presigned tells the query string's form; Lifetime is then how long it counts.
	Presigned bool
	Lifetime  time.Duration
}

// Read takes the signature from the Authorization header, else from the query
// string. It gives what it could read beside ErrMalformed.
func Read(r *http.Request) (Signature, error) {
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"} {
		if len(r.Header.Values(name)) > 1 {
			return Signature{}, fmt.Errorf("%w: more than one header %s", ErrMalformed, name)
		}
	}
	if auth := r.Header.Get("Authorization"); auth != "" {
		return readHeader(r, auth)
	}
	return readQuery(r.URL.Query())
}

func readHeader(r *http.Request, auth string) (Signature, error) {
	rest, ok := strings.CutPrefix(auth, algorithm+" ")
	if !ok {
		return Signature{}, fmt.Errorf("%w: algorithm", ErrMalformed)
	}
	if len(auth) > maxAuthorization {
		return Signature{}, fmt.Errorf("%w: header longer than %d bytes", ErrMalformed, maxAuthorization)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := parts[key]; twice {
			return Signature{}, fmt.Errorf("%w: %q stands twice", ErrMalformed, key)
		}
		parts[key] = value
	}
	s := Signature{Sum: parts["Signature"], Token: r.Header.Get("X-Amz-Security-Token")}
	return s.complete(parts["Credential"], r.Header.Get("X-Amz-Date"), parts["SignedHeaders"])
}

func readQuery(q url.Values) (Signature, error) {
	if q.Get(querySignal) == "" {
		return Signature{}, ErrUnsigned
	}
	if q.Get("X-Amz-Algorithm") != algorithm {
		return Signature{}, fmt.Errorf("%w: algorithm %q", ErrMalformed, q.Get("X-Amz-Algorithm"))
	}
	for name, values := range q {
		if strings.HasPrefix(name, "X-Amz-") && len(values) > 1 {
			return Signature{}, fmt.Errorf("%w: %q stands twice", ErrMalformed, name)
		}
	}
	s := Signature{Sum: q.Get(querySignal), Token: q.Get("X-Amz-Security-Token"), Presigned: true}
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err != nil || seconds < 0 || seconds > int(MaxPresigned/time.Second) {
		return Signature{}, fmt.Errorf("%w: X-Amz-Expires %q", ErrMalformed, q.Get("X-Amz-Expires"))
	}
	s.Lifetime = time.Duration(seconds) * time.Second
	return s.complete(q.Get("X-Amz-Credential"), q.Get("X-Amz-Date"), q.Get("X-Amz-SignedHeaders"))
}

// complete reads the credential scope KEY/DATE/REGION/SERVICE/aws4_request, the
// time, and the list of signed headers.
func (s Signature) complete(credential, date, headers string) (Signature, error) {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != terminator {
		return s, fmt.Errorf("%w: credential scope", ErrMalformed)
	}
	s.AccessKey, s.Region, s.Service = scope[0], scope[2], scope[3]
	at, err := time.Parse(timeFormat, date)
	if err != nil {
		return s, fmt.Errorf("%w: date %q", ErrMalformed, date)
	}
	s.At = at
	if s.day() != scope[1] {
		return s, fmt.Errorf("%w: date of the scope is not the date of the request", ErrMalformed)
	}
	if strings.Count(headers, ";") >= maxSigned {
		return s, fmt.Errorf("%w: more than %d signed headers", ErrMalformed, maxSigned)
	}
	s.SignedHeaders = strings.Split(headers, ";")
	if !slices.Contains(s.SignedHeaders, "host") {
		return s, fmt.Errorf("%w: host is not signed", ErrMalformed)
	}
	for i, name := range s.SignedHeaders {
		if name == "" || name != strings.ToLower(name) || i > 0 && name <= s.SignedHeaders[i-1] {
			return s, fmt.Errorf("%w: signed headers are not in lower case and in order, each once", ErrMalformed)
		}
	}
	return s, nil
}

// day is the date of the credential scope.
func (s Signature) day() string { return s.At.Format("20060102") }

// Last is the last moment at which the signature counts.
func (s Signature) Last() time.Time {
	if s.Presigned {
		return s.At.Add(s.Lifetime)
	}
	return s.At.Add(MaxSkew)
}

// Fresh reports, as ErrOutdated, that now is not in the time in which the
// signature counts.
func (s Signature) Fresh(now time.Time) error {
	if s.At.After(now.Add(MaxSkew)) {
		return fmt.Errorf("%w: %s is still later than %s (%s + 5 min.)", ErrOutdated,
			s.At.Format(timeFormat), now.UTC().Add(MaxSkew).Format(timeFormat), now.UTC().Format(timeFormat))
	}
	if now.After(s.Last()) {
		return fmt.Errorf("%w: %s is now earlier than %s (%s - 5 min.)", ErrOutdated,
			s.At.Format(timeFormat), now.UTC().Add(-MaxSkew).Format(timeFormat), now.UTC().Format(timeFormat))
	}
	return nil
}

// Signs reports whether a header, in lower case, is one of the signed ones.
func (s Signature) Signs(header string) bool { return slices.Contains(s.SignedHeaders, header) }
