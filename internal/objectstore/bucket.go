package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// partBytes is the size of the parts of an upload, which has at most 10,000: objects of 156 GiB, for 16 MiB of memory
// an upload.
const partBytes = 16 << 20

// triesMax bounds the tries of one request; the client's own 10 hold a caller up for minutes.
const triesMax = 3

// roleTimeout bounds the question for the machine's role, which nothing answers outside of a cloud.
const roleTimeout = 5 * time.Second

// bucket keeps objects in an S3-compatible store: AWS, Google Cloud Storage by HMAC keys, R2, Ceph, SeaweedFS, MinIO.
type bucket struct {
	client minio.Core
	name   string
}

// openBucket reads s3://bucket?region=…&endpoint=…&use_path_style=true and connects to nothing yet. The credentials are
// those of AWS_*, of the shared credentials file or of the machine's role, in this order.
func openBucket(address string) (place, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Path != "" {
		return nil, errors.New("a bucket's address has the form s3://bucket?region=…&endpoint=…")
	}
	options := minio.Options{
		Secure: true, MaxRetries: triesMax,
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{},
			&credentials.IAM{Client: &http.Client{Timeout: roleTimeout}},
		}),
	}
	endpoint := &url.URL{Host: "s3.amazonaws.com"}
	for name, values := range u.Query() {
		switch value := values[0]; name {
		case "region":
			options.Region = value
		case "endpoint":
			endpoint, err = url.Parse(value)
			if err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http" {
				return nil, errors.New("the endpoint of an s3:// bucket is an http:// or https:// address")
			}
			options.Secure = endpoint.Scheme == "https"
		case "use_path_style":
			if value == "true" {
				options.BucketLookup = minio.BucketLookupPath
			}
		default:
			return nil, fmt.Errorf("an s3:// bucket has no parameter %q: use region, endpoint, use_path_style", name)
		}
	}
	client, err := minio.New(endpoint.Host, &options)
	if err != nil {
		return nil, fmt.Errorf("opening the bucket: %w", err)
	}
	return bucket{minio.Core{Client: client}, u.Host}, nil
}

func (b bucket) Close() error { return nil }

// put sends what fits into one part in a single request, and more in parts, which the store joins at the end.
func (b bucket) put(ctx context.Context, key string, body io.Reader) error {
	var first bytes.Buffer
	size, err := io.CopyN(&first, body, partBytes)
	switch {
	case errors.Is(err, io.EOF):
		body = &first
	case err != nil:
		return err
	default:
		size, body = -1, io.MultiReader(&first, body)
	}
	_, err = b.client.Client.PutObject(ctx, b.name, key, body, size, minio.PutObjectOptions{PartSize: partBytes})
	return err
}

func (b bucket) get(ctx context.Context, key string) (io.ReadCloser, error) {
	body, _, _, err := b.client.GetObject(ctx, b.name, key, minio.GetObjectOptions{})
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil, errAbsent
	}
	return body, err
}

func (b bucket) delete(ctx context.Context, key string) error {
	err := b.client.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{})
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil
	}
	return err
}

func (b bucket) list(ctx context.Context, prefix string, most int) (keys []string, err error) {
	ctx, stop := context.WithCancel(ctx) // of the goroutine behind the channel
	defer stop()
	objects := b.client.Client.ListObjects(ctx, b.name,
		minio.ListObjectsOptions{Prefix: prefix, Recursive: true, MaxKeys: most})
	for object := range objects {
		if object.Err != nil {
			return nil, object.Err
		}
		if keys = append(keys, object.Key); len(keys) == most {
			break
		}
	}
	return keys, nil
}
