// Package objectstore keeps a tenant's files in a directory or in an S3-compatible bucket. Every key begins with the
// tenant of the context, so no call can name another tenant's object.
package objectstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// maxListed bounds one list.
const maxListed = 1000

// Store is one directory or bucket, shared by all tenants.
type Store struct{ place place }

// place holds objects by their whole keys, which hold no dot segments. An absent object is recon.NotFound to get, and
// nothing to delete.
type place interface {
	// put stores all of body or, after an error, nothing.
	put(ctx context.Context, key string, body io.Reader) error
	get(ctx context.Context, key string) (io.ReadCloser, error)
	delete(ctx context.Context, key string) error
	// list returns up to most keys below the prefix, which ends with a slash.
	list(ctx context.Context, prefix string, most int) ([]string, error)
	io.Closer
}

// Open opens a bucket by its s3:// URL, with the credentials of the environment, or a directory, which it makes.
func Open(at string) (*Store, error) {
	switch scheme, _, isURL := strings.Cut(at, "://"); {
	case !isURL:
		place, err := openDirectory(at)
		return &Store{place}, err
	case scheme == "s3":
		place, err := openBucket(at)
		return &Store{place}, err
	default:
		return nil, fmt.Errorf("objects are kept in a directory or in an s3:// bucket, not at %s://", scheme)
	}
}

// Close releases the directory or the bucket's client.
func (s *Store) Close() error { return s.place.Close() }

// Put stores body under the tenant's key of these segments and returns the sum that Get checks. After an error no
// object was stored.
func (s *Store) Put(ctx context.Context, body io.Reader, segments ...string) (sum Sum, err error) {
	key, err := auth.ScopedObjectStorageKey(ctx, segments...)
	if err != nil {
		return sum, err
	}
	digest := sha256.New()
	if err := s.place.put(ctx, key, io.TeeReader(body, digest)); err != nil {
		return sum, fmt.Errorf("storing an object: %w", err)
	}
	digest.Sum(sum[:0])
	return sum, nil
}

// Get reads an object; recon.NotFound when the tenant has none there. The last read fails with ErrCorrupt when the
// bytes are not those whose sum Put returned: callers must not use the data until Read returns io.EOF.
func (s *Store) Get(ctx context.Context, sum Sum, segments ...string) (io.ReadCloser, error) {
	key, err := auth.ScopedObjectStorageKey(ctx, segments...)
	if err != nil {
		return nil, err
	}
	r, err := s.place.get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	return &verified{ReadCloser: r, digest: sha256.New(), want: sum}, nil
}

// Delete removes an object, if it exists.
func (s *Store) Delete(ctx context.Context, segments ...string) error {
	key, err := auth.ScopedObjectStorageKey(ctx, segments...)
	if err != nil {
		return err
	}
	if err := s.place.delete(ctx, key); err != nil {
		return fmt.Errorf("deleting an object: %w", err)
	}
	return nil
}

// List returns up to a thousand of the tenant's keys below the segments, or of all its keys without any, each without
// the tenant.
func (s *Store) List(ctx context.Context, segments ...string) ([]string, error) {
	prefix, err := auth.TenantID(ctx)
	if err != nil {
		return nil, err
	}
	tenant := prefix + "/"
	if len(segments) > 0 {
		if prefix, err = auth.ScopedObjectStorageKey(ctx, segments...); err != nil {
			return nil, err
		}
	}
	keys, err := s.place.list(ctx, prefix+"/", maxListed) // with the slash: "a" is not "ab"
	if err != nil {
		return nil, fmt.Errorf("listing objects: %w", err)
	}
	for i, key := range keys {
		keys[i] = strings.TrimPrefix(key, tenant)
	}
	return keys, nil
}

// DeleteAll removes all objects of the tenant and returns how many there were.
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

// Sum is the SHA-256 of an object. Callers keep it with the object's name in PostgreSQL: a store that loses or changes
// bytes cannot change the sum too.
type Sum [sha256.Size]byte

// ErrCorrupt ends a read whose bytes are not those that were stored.
var ErrCorrupt = errors.New("the object's bytes do not match its stored checksum")

var errAbsent = recon.NotFound("object")

// verified checks an object's sum as it is read.
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
