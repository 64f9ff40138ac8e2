package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/eksposure/eksposure/internal/fault"
)

// What writing exports needs. The key's actions are asked of the caller by S3.
const (
	s3ListBucket           action = "s3:ListBucket"
	s3PutObject            action = "s3:PutObject"
	s3GetObject            action = "s3:GetObject"
	s3AbortMultipartUpload action = "s3:AbortMultipartUpload"
)

const (
	// maxParts is how many parts an upload may have (S3, multipart upload limits).
	maxParts = 10_000
	// transferTimeout ends one attempt to send a part of some megabytes, and
	// transferLimit the call with all of them: joining thousands of parts takes minutes.
	transferTimeout = 2 * time.Minute
	transferLimit   = 10 * time.Minute
)

// Place is where an object goes.
type Place struct {
	// BucketARN is arn:PARTITION:s3:::BUCKET.
	BucketARN string
	// KeyARN is that of the KMS key; empty leaves encryption to the bucket.
	KeyARN string
	// Name is the object's key.
	Name string
	// Endpoint is the address of an S3-compatible service; empty means AWS.
	Endpoint string
}

// Object is an object of S3 that is written in parts.
type Object struct {
	c      *Client
	client *s3.Client
	place  Place
	bucket string
}

// Object finds the bucket. A bucket that is not there, or not for the caller, is an
// error.
func (c *Client) Object(ctx context.Context, p Place) (*Object, error) {
	_, bucket, ok := strings.Cut(p.BucketARN, ":s3:::")
	if !ok || bucket == "" {
		return nil, fmt.Errorf("bucket %q: want an ARN such as arn:aws:s3:::findings: %w", p.BucketARN, fault.ErrInvalid)
	}
	o := &Object{c: c, place: p, bucket: bucket, client: c.s3(p, "")}
	region, err := o.region(ctx)
	if err != nil {
		return nil, err
	}
	if region != "" && region != c.base.Region {
		o.client = c.s3(p, region)
		if _, err := o.region(ctx); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// s3 makes a client for a region. Addresses other than AWS's have no host name per
// bucket, so they are asked in path style.
func (c *Client) s3(p Place, region string) *s3.Client {
	return s3.NewFromConfig(c.base, func(o *s3.Options) {
		if region != "" {
			o.Region = region
		}
		if p.Endpoint != "" {
			o.BaseEndpoint = aws.String(p.Endpoint)
		}
		o.UsePathStyle = o.BaseEndpoint != nil
		o.HTTPClient = within(c.base.HTTPClient, transferTimeout)
	})
}

// region asks for the bucket and gives the region that it is in, when S3 says so.
func (o *Object) region(ctx context.Context) (string, error) {
	elsewhere := ""
	out, err := callWithin(ctx, o.c, transferLimit, s3ListBucket, func(ctx context.Context) (*s3.HeadBucketOutput, error) {
		out, err := o.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(o.bucket)})
		if r, ok := errors.AsType[*awshttp.ResponseError](err); ok && r.HTTPStatusCode() >= 300 && r.HTTPStatusCode() < 400 {
			if elsewhere = r.HTTPResponse().Header.Get("X-Amz-Bucket-Region"); elsewhere != "" {
				return &s3.HeadBucketOutput{}, nil
			}
		}
		return out, err
	})
	if err != nil {
		return "", fmt.Errorf("bucket %q: %w", o.bucket, o.remedied(err))
	}
	if elsewhere != "" {
		return elsewhere, nil
	}
	return aws.ToString(out.BucketRegion), nil
}

// Begin starts a multipart upload.
func (o *Object) Begin(ctx context.Context) (string, error) {
	in := &s3.CreateMultipartUploadInput{Bucket: aws.String(o.bucket), Key: aws.String(o.place.Name), ContentType: aws.String(contentType(o.place.Name))}
	if o.place.KeyARN != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAwsKms, aws.String(o.place.KeyARN)
	}
	out, err := callWithin(ctx, o.c, transferLimit, s3PutObject, func(ctx context.Context) (*s3.CreateMultipartUploadOutput, error) {
		return o.client.CreateMultipartUpload(ctx, in)
	})
	if err != nil {
		return "", o.wrap(err)
	}
	if aws.ToString(out.UploadId) == "" {
		return "", o.wrap(malformed(s3PutObject, "an upload without an ID"))
	}
	return *out.UploadId, nil
}

// Part sends a part and gives its entity tag. The offset follows from the number.
func (o *Object) Part(ctx context.Context, upload string, number int, _ int64, body []byte) (string, error) {
	if number > maxParts {
		return "", o.wrap(fmt.Errorf("an upload has at most %d parts: %w", maxParts, fault.ErrInvalid))
	}
	out, err := callWithin(ctx, o.c, transferLimit, s3PutObject, func(ctx context.Context) (*s3.UploadPartOutput, error) {
		return o.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: aws.String(o.bucket), Key: aws.String(o.place.Name), UploadId: aws.String(upload),
			PartNumber: aws.Int32(int32(number)), Body: bytes.NewReader(body), //nolint:gosec // at most maxParts
		})
	})
	if err != nil {
		return "", o.wrap(err)
	}
	return aws.ToString(out.ETag), nil
}

// Complete joins the parts. When the upload is gone because an earlier call joined
// them, the object is there with the right size, and that is well.
func (o *Object) Complete(ctx context.Context, upload string, tags []string, size int64) error {
	parts := make([]s3types.CompletedPart, len(tags))
	for i, tag := range tags {
		parts[i] = s3types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: aws.String(tag)}
	}
	_, err := callWithin(ctx, o.c, transferLimit, s3PutObject, func(ctx context.Context) (*s3.CompleteMultipartUploadOutput, error) {
		return o.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: aws.String(o.bucket), Key: aws.String(o.place.Name), UploadId: aws.String(upload),
			MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
		})
	})
	if !errors.Is(err, fault.ErrNotFound) {
		return o.wrap(err)
	}
	there, errHead := callWithin(ctx, o.c, transferLimit, s3GetObject, func(ctx context.Context) (*s3.HeadObjectOutput, error) {
		return o.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(o.bucket), Key: aws.String(o.place.Name)})
	})
	if errHead == nil && aws.ToInt64(there.ContentLength) == size {
		return nil
	}
	return o.wrap(err)
}

// Abort forgets the upload and its parts.
func (o *Object) Abort(ctx context.Context, upload string) error {
	_, err := callWithin(ctx, o.c, transferLimit, s3AbortMultipartUpload, func(ctx context.Context) (*s3.AbortMultipartUploadOutput, error) {
		return o.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
			Bucket: aws.String(o.bucket), Key: aws.String(o.place.Name), UploadId: aws.String(upload),
		})
	})
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return o.wrap(err)
}

func (o *Object) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("object %q of bucket %q: %w", o.place.Name, o.bucket, o.remedied(err))
}

// remedied says what to do about a refusal: all rights that an export needs, as S3
// names one at a time, and to some requests gives no reason at all.
func (o *Object) remedied(err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok || !errors.Is(err, fault.ErrDenied) {
		return err
	}
	if f.message == f.code || f.message == "" {
		err = &failure{action: f.action, code: f.code, message: "S3 gives no reason", category: f.category, cause: f.cause}
	}
	text := remedy(err)
	if text == allow(f.action) {
		text = fmt.Sprintf("Allow the server's own AWS identity %s on the bucket, and %s, %s and %s on its objects, in its policy and in the bucket's",
			s3ListBucket, s3PutObject, s3GetObject, s3AbortMultipartUpload)
		if o.place.KeyARN != "" {
			text += "; and kms:GenerateDataKey and kms:Decrypt on the key"
		}
	}
	return fmt.Errorf("%w. %s", err, text)
}

func contentType(name string) string {
	if strings.HasSuffix(name, ".csv") {
		return "text/csv; charset=utf-8"
	}
	return "application/x-ndjson"
}

// SinkPermissions lists the IAM actions that events and exports need, each only when
// a setting turns it on. They are the only ones with which something is written, and
// no part of what scanning needs.
func SinkPermissions() []Permission {
	return []Permission{
		{string(eventsPutEvents), ScopeSink, "events to an EventBridge event bus, when events.eventbridge.bus names one"},
		{"kms:Decrypt", ScopeSink, "to join the parts of an export that a KMS key encrypts; S3 asks for it"},
		{"kms:GenerateDataKey", ScopeSink, "to encrypt an export with a KMS key; S3 asks for it"},
		{string(s3AbortMultipartUpload), ScopeSink, "to remove what a cancelled export has written"},
		{string(s3GetObject), ScopeSink, "whether an export was completed just before a crash"},
		{string(s3ListBucket), ScopeSink, "where an export's bucket is"},
		{string(s3PutObject), ScopeSink, "to write exports"},
	}
}
