package estate

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	// minPart is the smallest part of an upload but the last, maxPartNumber the highest
	// number of one (S3 user guide, "Amazon S3 multipart upload limits").
	minPart       = 5 << 20
	maxPartNumber = 10_000
	pageObjects   = 1000
	namespaceS3   = "http://s3.amazonaws.com/doc/2006-03-01/"
	headerSSE     = "X-Amz-Server-Side-Encryption"
	headerKey     = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
)

// objectOperations are those of S3 in path style. Of two operations with one method
// and one shape of path, the one with a part comes first.
func (e *Estate) objectOperations() []operation {
	list := []operation{
		{name: "HeadBucket", method: http.MethodHead, path: "/{bucket}", action: "s3:ListBucket", handle: e.headBucket},
		{name: "ListObjectsV2", method: http.MethodGet, path: "/{bucket}", part: "list-type", action: "s3:ListBucket", handle: e.listObjects},
		{name: "CreateMultipartUpload", method: http.MethodPost, path: "/{bucket}/{key}", part: "uploads", action: "s3:PutObject", handle: e.createUpload},
		{name: "CompleteMultipartUpload", method: http.MethodPost, path: "/{bucket}/{key}", part: "uploadId", action: "s3:PutObject", handle: e.completeUpload},
		{name: "UploadPart", method: http.MethodPut, path: "/{bucket}/{key}", part: "uploadId", action: "s3:PutObject", handle: e.uploadPart},
		{name: "AbortMultipartUpload", method: http.MethodDelete, path: "/{bucket}/{key}", part: "uploadId", action: "s3:AbortMultipartUpload", handle: e.abortUpload},
		{name: "PutObject", method: http.MethodPut, path: "/{bucket}/{key}", action: "s3:PutObject", handle: e.putObject},
		{name: "GetObject", method: http.MethodGet, path: "/{bucket}/{key}", action: "s3:GetObject", handle: e.getObject},
		{name: "HeadObject", method: http.MethodHead, path: "/{bucket}/{key}", action: "s3:GetObject", handle: e.headObject},
	}
	for i := range list {
		list[i].service = "s3"
		list[i].resource = func(c *call) string {
			if c.path["key"] == "" {
				return `"arn:aws:s3:::` + c.path["bucket"] + `"`
			}
			return `"arn:aws:s3:::` + c.path["bucket"] + "/" + c.path["key"] + `"`
		}
	}
	return list
}

// routeS3 finds the operation by method, shape of the path and query.
func (e *Estate) routeS3(r *http.Request, c *call) (operation, bool) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	name, err := url.PathUnescape(key)
	if err != nil || bucket == "" {
		return operation{}, false
	}
	c.path = map[string]string{"bucket": bucket, "key": name}
	for _, op := range e.operations {
		if op.service != "s3" || op.method != r.Method || strings.HasSuffix(op.path, "{key}") != (name != "") {
			continue
		}
		if op.part == "" || r.URL.Query().Has(op.part) {
			return op, true
		}
	}
	return operation{}, false
}

// s3Answer is an answer of S3: headers, and XML or an object's content.
type s3Answer struct {
	status int // 0 means 200
	header map[string]string
	xml    any
	body   []byte
}

func writeS3(w http.ResponseWriter, requestID string, result any) {
	a, ok := result.(s3Answer)
	if !ok {
		writeS3Error(w, requestID, &apiError{Code: "InternalError", Status: http.StatusInternalServerError, Message: "We encountered an internal error."})
		return
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.Header().Set("X-Amz-Request-Id", requestID)
	body := a.body
	if a.xml != nil {
		data, err := xml.Marshal(a.xml)
		if err != nil {
			writeS3Error(w, requestID, &apiError{Code: "InternalError", Status: http.StatusInternalServerError, Message: err.Error()})
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		body = append([]byte(xml.Header), data...)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(body) // A caller that has gone away needs no answer; HEAD has none.
}

type s3Error struct {
	XMLName xml.Name `xml:"Error"`
	Code    string
	Message string
	ID      string `xml:"RequestId"`
}

func writeS3Error(w http.ResponseWriter, requestID string, e *apiError) {
	for k, v := range e.Fields {
		w.Header().Set(k, fmt.Sprint(v))
	}
	w.Header().Set("X-Amz-Request-Id", requestID)
	writeXML(w, e.Status, requestID, s3Error{Code: e.Code, Message: e.Message, ID: requestID})
}

func s3Failure(code string, status int, message string) error {
	return &apiError{Code: code, Status: status, Message: message}
}

// bucket finds the bucket that the call names. One of another account is closed; one
// of another region says where it is.
func (e *Estate) bucket(c *call) error {
	name := c.path["bucket"]
	for _, a := range e.scenario.Accounts {
		i := slices.IndexFunc(a.Buckets, func(b Bucket) bool { return b.Name == name })
		if i < 0 {
			continue
		}
		if a.ID != c.account.ID {
			return s3Failure("AccessDenied", http.StatusForbidden, "Access Denied")
		}
		if region := a.Buckets[i].Region; region != c.region {
			return &apiError{
				Code: "PermanentRedirect", Status: http.StatusMovedPermanently, Fields: map[string]any{"X-Amz-Bucket-Region": region},
				Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
			}
		}
		return nil
	}
	return s3Failure("NoSuchBucket", http.StatusNotFound, "The specified bucket does not exist")
}

func (e *Estate) headBucket(_ context.Context, c *call) (any, error) {
	if err := e.bucket(c); err != nil {
		return nil, err
	}
	return s3Answer{header: map[string]string{"X-Amz-Bucket-Region": c.region}}, nil
}

type listing struct {
	XMLName     xml.Name `xml:"ListBucketResult"`
	Space       string   `xml:"xmlns,attr"`
	Name        string
	Prefix      string
	KeyCount    int
	MaxKeys     int
	IsTruncated bool
	Next        string `xml:"NextContinuationToken,omitempty"`
	Contents    []listed
}

type listed struct {
	Key, LastModified, ETag string
	Size                    int
	StorageClass            string
}

func (e *Estate) listObjects(_ context.Context, c *call) (any, error) {
	if err := e.bucket(c); err != nil {
		return nil, err
	}
	limit := pageObjects
	if raw := c.query.Get("max-keys"); raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 0 {
			return nil, s3Failure("InvalidArgument", http.StatusBadRequest, "Provided max-keys not an integer or within integer range")
		}
		limit = min(n, pageObjects)
	}
	name, prefix, after := c.path["bucket"], c.query.Get("prefix"), c.query.Get("continuation-token")
	out := listing{Space: namespaceS3, Name: name, Prefix: prefix, MaxKeys: limit}
	for _, key := range e.buckets.keys(name) {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		if len(out.Contents) == limit {
			out.IsTruncated, out.Next = true, out.Contents[limit-1].Key
			break
		}
		o, _ := e.buckets.get(name, key)
		out.Contents = append(out.Contents, listed{
			Key: key, LastModified: o.at.Format("2006-01-02T15:04:05.000Z"), ETag: o.tag, Size: len(o.body), StorageClass: "STANDARD",
		})
	}
	out.KeyCount = len(out.Contents)
	return s3Answer{xml: out}, nil
}

func (e *Estate) getObject(_ context.Context, c *call) (any, error) {
	if err := e.bucket(c); err != nil {
		return nil, err
	}
	o, ok := e.buckets.get(c.path["bucket"], c.path["key"])
	if !ok {
		return nil, s3Failure("NoSuchKey", http.StatusNotFound, "The specified key does not exist.")
	}
	return s3Answer{header: o.headers(), body: o.body}, nil
}

// headObject answers without a body, so that a missing key is a bare 404.
func (e *Estate) headObject(ctx context.Context, c *call) (any, error) { return e.getObject(ctx, c) }

func (e *Estate) putObject(_ context.Context, c *call) (any, error) {
	if err := e.bucket(c); err != nil {
		return nil, err
	}
	o, err := e.newObject(c)
	if err != nil {
		return nil, err
	}
	if err := checkSums(c); err != nil {
		return nil, err
	}
	o.body, o.tag = c.body, quoted(md5Of(c.body))
	e.buckets.put(c.path["bucket"], c.path["key"], o)
	return s3Answer{header: map[string]string{"Etag": o.tag, headerSSE: o.encryption, headerKey: o.keyARN}}, nil
}
