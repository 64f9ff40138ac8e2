package estate_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
)

const (
	writer   = "AKIAIOSFODNN7WRITER0"
	findings = "nordhafen-findings"
	goodKey  = "arn:aws:kms:eu-central-1:" + platform + ":key/11111111-2222-3333-4444-555555555555"
)

// startSinks is a small estate with a bus, buckets, keys and a user that may write.
func startSinks(t *testing.T) *estate.Estate {
	t.Helper()
	s := estate.Demo(published)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		a.Clusters = nil
		switch a.ID {
		case platform:
			a.Users = append(a.Users, estate.User{
				Name: "writer", AccessKey: writer,
				Allow: []string{"events:PutEvents", "s3:*", "kms:GenerateDataKey"},
			})
			a.Buses = []estate.Bus{{Region: "eu-central-1", Name: "security"}}
			a.Buckets = []estate.Bucket{{Region: "eu-central-1", Name: findings}, {Region: "us-east-1", Name: findings + "-us"}}
			a.Keys = append(a.Keys,
				estate.Key{Region: "eu-central-1", ID: "11111111-2222-3333-4444-555555555555", State: "Enabled"},
				estate.Key{Region: "eu-central-1", ID: "99999999-2222-3333-4444-555555555555", State: "Disabled"})
		case shop:
			a.Buckets = []estate.Bucket{{Region: "eu-central-1", Name: "foreign-bucket"}}
		}
	}
	return start(t, estate.Config{Scenario: s})
}

// sinks asks every operation of EventBridge and S3.
func sinks(t *testing.T, w *wire) {
	t.Helper()
	e := startSinks(t)
	cfg := config(e, writer, e.Secret(writer), "", "eu-central-1")
	cfg.HTTPClient = &http.Client{Transport: w}
	must(t, eventbridge.NewFromConfig(cfg).PutEvents, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{entry("eksposure", "{}")}})
	client := pathStyle(cfg)
	must(t, client.HeadBucket, &s3.HeadBucketInput{Bucket: aws.String(findings)})
	up := must(t, client.CreateMultipartUpload, &s3.CreateMultipartUploadInput{
		Bucket: aws.String(findings), Key: aws.String("a b/ü+c.csv"), ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String(goodKey),
	})
	part := must(t, client.UploadPart, &s3.UploadPartInput{
		Bucket: aws.String(findings), Key: aws.String("a b/ü+c.csv"), UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("content"),
	})
	must(t, client.CompleteMultipartUpload, &s3.CompleteMultipartUploadInput{
		Bucket: aws.String(findings), Key: aws.String("a b/ü+c.csv"), UploadId: up.UploadId,
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}},
	})
	must(t, client.PutObject, &s3.PutObjectInput{Bucket: aws.String(findings), Key: aws.String("plain"), Body: strings.NewReader("x")})
	got := must(t, client.GetObject, &s3.GetObjectInput{Bucket: aws.String(findings), Key: aws.String("a b/ü+c.csv")})
	if body, err := io.ReadAll(got.Body); err != nil || string(body) != "content" || aws.ToString(got.SSEKMSKeyId) != goodKey {
		t.Errorf("object %q, key %v, %v", body, got.SSEKMSKeyId, err)
	}
	must(t, client.HeadObject, &s3.HeadObjectInput{Bucket: aws.String(findings), Key: aws.String("plain")})
	list := must(t, client.ListObjectsV2, &s3.ListObjectsV2Input{Bucket: aws.String(findings), MaxKeys: aws.Int32(1)})
	if len(list.Contents) != 1 || aws.ToString(list.Contents[0].Key) != "a b/ü+c.csv" || !aws.ToBool(list.IsTruncated) {
		t.Errorf("list %+v", list)
	}
	other := must(t, client.CreateMultipartUpload, &s3.CreateMultipartUploadInput{Bucket: aws.String(findings), Key: aws.String("k")})
	must(t, client.AbortMultipartUpload, &s3.AbortMultipartUploadInput{Bucket: aws.String(findings), Key: aws.String("k"), UploadId: other.UploadId})
	if e.Uploads() != 0 {
		t.Errorf("%d uploads are left", e.Uploads())
	}
}

func pathStyle(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func entry(source, detail string) ebtypes.PutEventsRequestEntry {
	return ebtypes.PutEventsRequestEntry{
		EventBusName: aws.String("security"), Source: aws.String(source), DetailType: aws.String("Findings Imported V2"), Detail: aws.String(detail),
	}
}

func TestEventBridgesRules(t *testing.T) {
	e := startSinks(t)
	w := newWire(t)
	cfg := config(e, writer, e.Secret(writer), "", "eu-central-1")
	cfg.HTTPClient = &http.Client{Transport: w}
	client := eventbridge.NewFromConfig(cfg)
	unknown := entry("eksposure", "{}")
	unknown.EventBusName = aws.String("none")
	typeless := entry("eksposure", "{}")
	typeless.DetailType = nil
	out := must(t, client.PutEvents, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
		entry("eksposure", `{"a":1}`), entry("aws.securityhub", "{}"), entry("eksposure", "[]"), unknown, typeless,
	}})
	var codes []string
	for _, r := range out.Entries {
		codes = append(codes, aws.ToString(r.ErrorCode))
	}
	if diff := cmp.Diff([]string{"", "NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument", "InvalidArgument"}, codes); diff != "" || out.FailedEntryCount != 4 {
		t.Errorf("%d failed (-want +got):\n%s", out.FailedEntryCount, diff)
	}
	if events := e.Events(); len(events) != 1 || events[0].Bus != "security" || string(events[0].Detail) != `{"a":1}` {
		t.Errorf("events %+v", events)
	}
	large := entry("eksposure", `{"a":"`+strings.Repeat("x", 600_000)+`"}`)
	must(t, client.PutEvents, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{large}})
	_, err := client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{large, large}})
	if code(err) != "ValidationException" {
		t.Errorf("more than 1 MB: %v", err)
	}
	_, err = eventbridge.NewFromConfig(demoUser(e, "eu-central-1")).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{large}})
	if code(err) != "AccessDeniedException" {
		t.Errorf("a user that may not: %v", err)
	}
}

func TestS3sRules(t *testing.T) {
	e := startSinks(t)
	w := newWire(t)
	cfg := config(e, writer, e.Secret(writer), "", "eu-central-1")
	cfg.HTTPClient = &http.Client{Transport: w}
	client := pathStyle(cfg)
	bucket := aws.String(findings)
	put := func(bucket, key string, more func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader("x")}
		if more != nil {
			more(in)
		}
		_, err := client.PutObject(t.Context(), in)
		return err
	}
	kms := func(arn string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) {
			in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAwsKms, aws.String(arn)
		}
	}
	start := func(key string) *string {
		return must(t, client.CreateMultipartUpload, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String(key)}).UploadId
	}
	part := func(upload *string, number int32, body []byte) s3types.CompletedPart {
		out := must(t, client.UploadPart, &s3.UploadPartInput{Bucket: bucket, Key: aws.String("k"), UploadId: upload, PartNumber: aws.Int32(number), Body: bytes.NewReader(body)})
		return s3types.CompletedPart{PartNumber: aws.Int32(number), ETag: out.ETag}
	}
	complete := func(upload *string, parts ...s3types.CompletedPart) error {
		_, err := client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
			Bucket: bucket, Key: aws.String("k"), UploadId: upload, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	}
	large := bytes.Repeat([]byte("x"), 5<<20)
	tests := []struct {
		name string
		do   func() error
		want string
	}{
		{"no such bucket", func() error { return put("no-such-bucket", "k", nil) }, "NoSuchBucket"},
		{"another account's bucket", func() error { return put("foreign-bucket", "k", nil) }, "AccessDenied"},
		{"a bucket elsewhere", func() error { return put(findings+"-us", "k", nil) }, "PermanentRedirect"},
		{"no such key", func() error { return put(findings, "k", kms(goodKey+"x")) }, "KMS.NotFoundException"},
		{"a disabled key", func() error {
			return put(findings, "k", kms(strings.Replace(goodKey, "11111111", "99999999", 1)))
		}, "KMS.DisabledException"},
		{"no such object", func() error {
			_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("none")})
			return err
		}, "NoSuchKey"},
		{"no such upload", func() error { return complete(aws.String("none"), s3types.CompletedPart{PartNumber: aws.Int32(1)}) }, "NoSuchUpload"},
		{"another key's upload", func() error { return complete(start("other"), s3types.CompletedPart{PartNumber: aws.Int32(1)}) }, "NoSuchUpload"},
		{"a small part before the last", func() error {
			up := start("k")
			return complete(up, part(up, 1, []byte("x")), part(up, 2, []byte("y")))
		}, "EntityTooSmall"},
		{"parts out of order", func() error {
			up := start("k")
			a, b := part(up, 1, large), part(up, 2, []byte("y"))
			return complete(up, b, a)
		}, "InvalidPartOrder"},
		{"another part's tag", func() error {
			up := start("k")
			p := part(up, 1, []byte("x"))
			p.ETag = aws.String(`"0123"`)
			return complete(up, p)
		}, "InvalidPart"},
		{"a part written twice counts once", func() error {
			up := start("k")
			part(up, 1, []byte("old"))
			return complete(up, part(up, 1, large), part(up, 2, []byte("end")))
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := code(tt.do()); got != tt.want {
				t.Errorf("error %q, want %q", got, tt.want)
			}
		})
	}
	if body, _, ok := e.Object(findings, "k"); !ok || !bytes.Equal(body, append(slices.Clone(large), "end"...)) {
		t.Errorf("the object has %d bytes", len(body))
	}
	wrong := pathStyle(config(e, writer, "wrong", "", "eu-central-1"))
	if _, err := wrong.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket}); code(err) != "SignatureDoesNotMatch" {
		t.Errorf("wrong secret: %v", err)
	}
	if _, err := pathStyle(demoUser(e, "eu-central-1")).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket}); code(err) != "AccessDenied" {
		t.Errorf("a user that may not: %v", err)
	}
	var missing *s3types.NotFound
	if _, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("none")}); !errors.As(err, &missing) {
		t.Errorf("head of a missing object: %v", err)
	}
}

// The AWS CLI copies a large file in parts, and puts an event.
func TestTheAWSCommandLineWritesToTheEstate(t *testing.T) {
	e := startSinks(t)
	program := filepath.Join(venv(t), "bin", "aws")
	env := environment(e, "AWS_ACCESS_KEY_ID="+writer, "AWS_SECRET_ACCESS_KEY="+e.Secret(writer), "AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1")
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	file := write(t, large)
	if out, ok := run(t, env, program, "s3", "cp", file, "s3://"+findings+"/in/parts.bin", "--sse", "aws:kms", "--sse-kms-key-id", goodKey); !ok {
		t.Fatal(out)
	}
	if body, key, _ := e.Object(findings, "in/parts.bin"); !bytes.Equal(body, large) || key != goodKey {
		t.Errorf("%d bytes, key %q", len(body), key)
	}
	if out, ok := run(t, env, program, "s3", "ls", "s3://"+findings+"/in/"); !ok || !strings.Contains(out, "16777216 parts.bin") {
		t.Error(out)
	}
	if out, ok := run(t, env, program, "events", "put-events", "--entries", `[{"Source":"eksposure","DetailType":"test","Detail":"{}","EventBusName":"security"}]`, "--query", "FailedEntryCount"); !ok || strings.TrimSpace(out) != "0" {
		t.Error(out)
	}
	if len(e.Events()) != 1 {
		t.Errorf("events %v", e.Events())
	}
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
