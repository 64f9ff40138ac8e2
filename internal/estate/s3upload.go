package estate

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"hash/crc32"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// object is what a bucket holds.
type object struct {
	body               []byte
	tag                string
	kind               string // media type
	encryption, keyARN string
	at                 time.Time
}

func (o object) headers() map[string]string {
	h := map[string]string{
		"Etag": o.tag, "Content-Type": o.kind, "Content-Length": strconv.Itoa(len(o.body)), "Last-Modified": o.at.Format(http.TimeFormat), headerSSE: o.encryption,
	}
	if o.keyARN != "" {
		h[headerKey] = o.keyARN
	}
	return h
}

// upload is a multipart upload that is not complete.
type upload struct {
	bucket, key string
	object      object
	parts       map[int][]byte
}

// buckets holds the objects and uploads of all buckets.
type buckets struct {
	mu      sync.Mutex
	objects map[string]map[string]object
	uploads map[string]upload
}

func newBuckets() *buckets {
	return &buckets{objects: map[string]map[string]object{}, uploads: map[string]upload{}}
}

func (b *buckets) get(bucket, key string) (object, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.objects[bucket][key]
	return o, ok
}

func (b *buckets) put(bucket, key string, o object) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.objects[bucket] == nil {
		b.objects[bucket] = map[string]object{}
	}
	b.objects[bucket][key] = o
}

func (b *buckets) keys(bucket string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects[bucket]))
}

// Object gives what is in a bucket, and the ARN of the key that encrypts it.
func (e *Estate) Object(bucket, key string) (body []byte, keyARN string, found bool) {
	o, ok := e.buckets.get(bucket, key)
	return o.body, o.keyARN, ok
}

// Uploads counts the multipart uploads that are neither complete nor aborted.
func (e *Estate) Uploads() int {
	e.buckets.mu.Lock()
	defer e.buckets.mu.Unlock()
	return len(e.buckets.uploads)
}

// newObject reads what the headers say of an object, and holds the key against KMS.
func (e *Estate) newObject(c *call) (object, error) {
	o := object{kind: c.header.Get("Content-Type"), encryption: "AES256", at: e.now().UTC()}
	if o.kind == "" {
		o.kind = "binary/octet-stream"
	}
	switch c.header.Get(headerSSE) {
	case "", "AES256":
		return o, nil
	case "aws:kms":
	default:
		return o, s3Failure("InvalidArgument", http.StatusBadRequest, "The encryption method specified is not supported")
	}
	o.encryption, o.keyARN = "aws:kms", c.header.Get(headerKey)
	if !matchAction(c.caller.allow, "kms:GenerateDataKey") {
		return o, s3Failure("AccessDenied", http.StatusForbidden, "User: "+c.caller.arn+" is not authorized to perform: kms:GenerateDataKey on resource: "+o.keyARN+
			" because no identity-based policy allows the kms:GenerateDataKey action")
	}
	for _, k := range c.account.Keys {
		if o.keyARN != k.arn(c.account.ID) || k.Region != c.region {
			continue
		}
		if k.State != "Enabled" {
			return o, s3Failure("KMS.DisabledException", http.StatusBadRequest, o.keyARN+" is disabled.")
		}
		return o, nil
	}
	return o, s3Failure("KMS.NotFoundException", http.StatusBadRequest, "Key '"+o.keyARN+"' does not exist")
}

type createdUpload struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	Space    string   `xml:"xmlns,attr"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

func (e *Estate) createUpload(_ context.Context, c *call) (any, error) {
	if err := e.bucket(c); err != nil {
		return nil, err
	}
	o, err := e.newObject(c)
	if err != nil {
		return nil, err
	}
	id := randomText(64)
	e.buckets.mu.Lock()
	defer e.buckets.mu.Unlock()
	e.buckets.uploads[id] = upload{bucket: c.path["bucket"], key: c.path["key"], object: o, parts: map[int][]byte{}}
	header := map[string]string{headerSSE: o.encryption}
	if o.keyARN != "" {
		header[headerKey] = o.keyARN
	}
	return s3Answer{header: header, xml: createdUpload{Space: namespaceS3, Bucket: c.path["bucket"], Key: c.path["key"], UploadID: id}}, nil
}

// upload finds the one that the call names; the caller holds the lock.
func (b *buckets) upload(c *call) (upload, error) {
	u, ok := b.uploads[c.query.Get("uploadId")]
	if !ok || u.bucket != c.path["bucket"] || u.key != c.path["key"] {
		return u, s3Failure("NoSuchUpload", http.StatusNotFound,
			"The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
	}
	return u, nil
}

func (e *Estate) uploadPart(_ context.Context, c *call) (any, error) {
	if err := e.bucket(c); err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || number < 1 || number > maxPartNumber {
		return nil, s3Failure("InvalidArgument", http.StatusBadRequest, "Part number must be an integer between 1 and 10000, inclusive")
	}
	if err := checkSums(c); err != nil {
		return nil, err
	}
	e.buckets.mu.Lock()
	defer e.buckets.mu.Unlock()
	u, err := e.buckets.upload(c)
	if err != nil {
		return nil, err
	}
	u.parts[number] = c.body
	return s3Answer{header: map[string]string{"Etag": quoted(md5Of(c.body)), headerSSE: u.object.encryption}}, nil
}

type completed struct {
	XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
	Space    string   `xml:"xmlns,attr"`
	Location string
	Bucket   string
	Key      string
	ETag     string
}

func (e *Estate) completeUpload(_ context.Context, c *call) (any, error) {
	if err := e.bucket(c); err != nil {
		return nil, err
	}
	var in struct {
		Parts []struct {
			PartNumber int    `xml:"PartNumber"`
			ETag       string `xml:"ETag"`
		} `xml:"Part"`
	}
	if err := xml.Unmarshal(c.body, &in); err != nil || len(in.Parts) == 0 {
		return nil, s3Failure("MalformedXML", http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema")
	}
	for i := 1; i < len(in.Parts); i++ {
		if in.Parts[i].PartNumber <= in.Parts[i-1].PartNumber {
			return nil, s3Failure("InvalidPartOrder", http.StatusBadRequest, "The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
	}
	e.buckets.mu.Lock()
	u, err := e.buckets.upload(c)
	e.buckets.mu.Unlock()
	if err != nil {
		return nil, err
	}
	var whole bytes.Buffer
	var tags []byte
	for i, p := range in.Parts {
		body, ok := u.parts[p.PartNumber]
		if !ok || strings.Trim(p.ETag, `"`) != hex.EncodeToString(md5Of(body)) {
			return nil, s3Failure("InvalidPart", http.StatusBadRequest,
				"One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
		}
		if i < len(in.Parts)-1 && len(body) < minPart {
			return nil, s3Failure("EntityTooSmall", http.StatusBadRequest, "Your proposed upload is smaller than the minimum allowed size")
		}
		whole.Write(body)
		tags = append(tags, md5Of(body)...)
	}
	u.object.body, u.object.tag = whole.Bytes(), `"`+hex.EncodeToString(md5Of(tags))+"-"+strconv.Itoa(len(in.Parts))+`"`
	e.buckets.put(u.bucket, u.key, u.object)
	e.buckets.mu.Lock()
	delete(e.buckets.uploads, c.query.Get("uploadId"))
	e.buckets.mu.Unlock()
	return s3Answer{
		header: map[string]string{headerSSE: u.object.encryption},
		xml:    completed{Space: namespaceS3, Location: e.url + "/" + u.bucket + "/" + u.key, Bucket: u.bucket, Key: u.key, ETag: u.object.tag},
	}, nil
}

func (e *Estate) abortUpload(_ context.Context, c *call) (any, error) {
	if err := e.bucket(c); err != nil {
		return nil, err
	}
	e.buckets.mu.Lock()
	defer e.buckets.mu.Unlock()
	if _, err := e.buckets.upload(c); err != nil {
		return nil, err
	}
	delete(e.buckets.uploads, c.query.Get("uploadId"))
	return s3Answer{status: http.StatusNoContent}, nil
}

// checkSums holds the content against the checksums that the request states.
func checkSums(c *call) error {
	bad := s3Failure("BadDigest", http.StatusBadRequest, "The checksum you specified did not match the calculated checksum.")
	if want := c.header.Get("X-Amz-Checksum-Crc32"); want != "" {
		sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(c.body))
		if base64.StdEncoding.EncodeToString(sum) != want {
			return bad
		}
	}
	if want := c.header.Get("Content-Md5"); want != "" && base64.StdEncoding.EncodeToString(md5Of(c.body)) != want {
		return bad
	}
	return nil
}

func md5Of(b []byte) []byte {
	sum := md5.Sum(b) // S3's own entity tags
	return sum[:]
}

func quoted(sum []byte) string { return `"` + hex.EncodeToString(sum) + `"` }
