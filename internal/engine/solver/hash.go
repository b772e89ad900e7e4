package solver

import (
	"crypto/sha256"
	"encoding/hex"
)

// hashChunk is how many rows or groups are hashed at a time: chunks run in parallel, and the hash is over the chunks'
// hashes in order. The size is part of what a hash means.
const hashChunk = 1 << 14

// HashChunks is the SHA-256 of what write appends for each of n things, in hexadecimal digits. It writes them in
// parallel, and covers what kind of list it is.
func HashChunks(kind string, n int, write func(to []byte, i int) []byte) string {
	parts := Ranges(n, hashChunk)
	sums := make([][sha256.Size]byte, len(parts))
	InParallel(len(parts), func(p int) {
		var text []byte
		h := sha256.New()
		for i := parts[p][0]; i < parts[p][1]; i++ {
			if text = write(text, i); len(text) > 1<<15 {
				h.Write(text)
				text = text[:0]
			}
		}
		h.Write(text)
		h.Sum(sums[p][:0])
	})
	h := sha256.New()
	h.Write([]byte(kind))
	for i := range sums {
		h.Write(sums[i][:])
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
