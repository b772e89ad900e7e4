package objectstore

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

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
