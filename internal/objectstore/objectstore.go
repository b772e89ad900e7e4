// Package objectstore keeps a tenant's files: in a folder, or in a bucket that speaks S3. Every key begins with the
// tenant of the context, so that no call can name another's.
package objectstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob" // s3://bucket?region=…&endpoint=…
	"gocloud.dev/gcerrors"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// maxListed bounds one list.
const maxListed = 1000

// Store is one bucket, shared by all tenants.
type Store struct{ bucket *blob.Bucket }

// Open opens a bucket by its s3:// URL, whose credentials are the environment's, or a folder, which it makes.
func Open(ctx context.Context, place string) (*Store, error) {
	if strings.HasPrefix(place, "s3://") {
		bucket, err := blob.OpenBucket(ctx, place)
		if err != nil {
			return nil, fmt.Errorf("opening the bucket: %w", err)
		}
		return &Store{bucket}, nil
	}
	if strings.Contains(place, "://") {
		return nil, errors.New("objects lie in a folder or in an s3:// bucket")
	}
	const ownerOnly = 0o700
	bucket, err := fileblob.OpenBucket(place, &fileblob.Options{
		CreateDir: true, DirFileMode: ownerOnly, Metadata: fileblob.MetadataDontWrite, NoTempDir: true,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the folder of objects: %w", err)
	}
	return &Store{bucket}, nil
}

// Close ends what is under way.
func (s *Store) Close() error { return s.bucket.Close() }

// Put stores body under the tenant's key of these segments, and returns the sum by which Get knows it again. The object
// is there whole or, after an error, not at all.
func (s *Store) Put(ctx context.Context, body io.Reader, segments ...string) (sum Sum, err error) {
	key, err := auth.ScopedObjectStorageKey(ctx, segments...)
	if err != nil {
		return sum, err
	}
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	w, err := s.bucket.NewWriter(ctx, key, nil)
	if err != nil {
		return sum, objectError(err)
	}
	digest := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, digest), body); err != nil {
		abandon() // before Close, which would make a part of it the object
		_ = w.Close()
		return sum, fmt.Errorf("storing an object: %w", err)
	}
	digest.Sum(sum[:0])
	return sum, objectError(w.Close())
}

// Get reads an object; recon.NotFound when the tenant has none there. The last read fails with ErrCorrupt when the bytes
// are not those whose sum Put returned, so nobody may act on what he read before he has seen io.EOF.
func (s *Store) Get(ctx context.Context, sum Sum, segments ...string) (io.ReadCloser, error) {
	key, err := auth.ScopedObjectStorageKey(ctx, segments...)
	if err != nil {
		return nil, err
	}
	r, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, objectError(err)
	}
	return &verified{ReadCloser: r, digest: sha256.New(), want: sum}, nil
}

// Delete removes an object; one that is not there is removed already.
func (s *Store) Delete(ctx context.Context, segments ...string) error {
	key, err := auth.ScopedObjectStorageKey(ctx, segments...)
	if err != nil {
		return err
	}
	if err := s.bucket.Delete(ctx, key); gcerrors.Code(err) != gcerrors.NotFound {
		return objectError(err)
	}
	return nil
}

// List is up to a thousand of the tenant's keys below the segments, or all of its own without any, each without the
// tenant.
func (s *Store) List(ctx context.Context, segments ...string) (keys []string, err error) {
	tenant, err := auth.TenantID(ctx)
	if err != nil {
		return nil, err
	}
	prefix := tenant
	if len(segments) > 0 {
		if prefix, err = auth.ScopedObjectStorageKey(ctx, segments...); err != nil {
			return nil, err
		}
	}
	objects := s.bucket.List(&blob.ListOptions{Prefix: prefix + "/"}) // with the slash: "a" is not "ab"
	for len(keys) < maxListed {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return keys, nil
		}
		if err != nil {
			return nil, objectError(err)
		}
		keys = append(keys, strings.TrimPrefix(object.Key, tenant+"/"))
	}
	return keys, nil
}

// DeleteAll removes everything that the tenant has, and says how many objects it was.
func (s *Store) DeleteAll(ctx context.Context) (deleted int, err error) {
	for {
		keys, err := s.List(ctx)
		if err != nil || len(keys) == 0 {
			return deleted, err
		}
		for _, key := range keys {
			if err := s.Delete(ctx, strings.Split(key, "/")...); err != nil {
				return deleted, err
			}
			deleted++
		}
	}
}

func objectError(err error) error {
	switch {
	case err == nil:
		return nil
	case gcerrors.Code(err) == gcerrors.NotFound:
		return recon.NotFound("object")
	default:
		return fmt.Errorf("the object store: %w", err)
	}
}

// Sum is the SHA-256 of an object. Whoever stores an object keeps it beside the object's name, in PostgreSQL: a store
// that loses or changes bytes cannot change the sum too.
type Sum [sha256.Size]byte

// ErrCorrupt is what a read ends with whose bytes are not the ones that were stored.
var ErrCorrupt = errors.New("the object is not what was stored")

// verified is an object on its way out of the store.
type verified struct {
	io.ReadCloser
	digest hash.Hash
	want   Sum
}

func (v *verified) Read(to []byte) (int, error) {
	n, err := v.ReadCloser.Read(to)
	v.digest.Write(to[:n])
	if errors.Is(err, io.EOF) && Sum(v.digest.Sum(nil)) != v.want {
		return n, ErrCorrupt
	}
	return n, err
}
