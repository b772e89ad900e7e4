package inbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"matcher/internal/recon"
	"matcher/internal/shared/outbound"
)

const (
	// triesMax bounds the tries of one request.
	triesMax = 3
	// answerTimeout bounds the wait for the head of an answer.
	answerTimeout = 30 * time.Second
	// tooLarge is what S3 answers to a copy of more than 5 GiB, and to some others.
	tooLarge = "InvalidRequest"
)

// bucket is what has a prefix of an S3-compatible store, opened by a tenant's own credentials: never by those of
// this installation.
type bucket struct {
	client             minio.Core
	name, prefix, file string
}

func openBucket(networks outbound.Networks, at recon.Fetch, with recon.FetchCredentials) (Place, error) {
	endpoint, err := url.Parse(at.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("reading the endpoint: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // the standard library's own
	transport.DialContext, transport.Proxy = networks.Dialer(dialTimeout).DialContext, nil
	transport.ResponseHeaderTimeout = answerTimeout
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewStaticV4(with.AccessKey, with.SecretKey, ""), Secure: endpoint.Scheme == "https",
		Region: at.Region, MaxRetries: triesMax, Transport: transport,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the bucket: %w", err)
	}
	prefix := at.Folder
	if prefix != "" {
		prefix += "/"
	}
	return &bucket{minio.Core{Client: client}, at.Bucket, prefix, at.Files}, nil
}

func (b *bucket) Close() error { return nil }

func (b *bucket) List(ctx context.Context) (files []File, err error) {
	ctx, stop := context.WithCancel(ctx) // of the goroutine behind the channel
	defer stop()
	for object := range b.client.Client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix}) {
		if object.Err != nil {
			return nil, object.Err
		}
		name := strings.TrimPrefix(object.Key, b.prefix)
		if !takes(b.file, name) { // a folder has a slash at its end
			continue
		}
		if len(files) > FilesMax {
			break
		}
		files = append(files, File{
			Name: name, Size: object.Size, Changed: object.LastModified,
			Stamp: object.ETag + "-" + strconv.FormatInt(object.LastModified.UnixNano(), 10),
		})
	}
	if files, err = listed(files); err != nil {
		return nil, err
	}
	for i := range files {
		files[i].Changed = time.Time{} // an object appears whole
	}
	return files, nil
}

func (b *bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	body, _, _, err := b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	return body, err
}

// Move copies within the store and removes the first. S3 copies no more than 5 GiB at once, and the rest in parts.
func (b *bucket) Move(ctx context.Context, name, folder, as string) error {
	from := minio.CopySrcOptions{Bucket: b.name, Object: b.prefix + name}
	to := minio.CopyDestOptions{Bucket: b.name, Object: b.prefix + folder + "/" + as}
	_, err := b.client.Client.CopyObject(ctx, to, from)
	if code := minio.ToErrorResponse(err).Code; code == tooLarge || code == minio.EntityTooLarge {
		_, err = b.client.ComposeObject(ctx, to, from)
	}
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil
	}
	if err != nil {
		return err
	}
	return b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{})
}
