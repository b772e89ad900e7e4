package solver

import "math/bits"

// BitSet is a set of numbers, or of hashes modulo its size.
type BitSet []uint64

// NewBitSet is an empty set with a bit for every number below size.
func NewBitSet(size int) BitSet { return make(BitSet, 1<<bits.Len(uint(size/64))) }

// Set puts a number into the set.
func (b BitSet) Set(n uint64) { b[n>>6&uint64(len(b)-1)] |= 1 << (n & 63) }

// Has reports whether a number is in the set.
func (b BitSet) Has(n uint64) bool { return b[n>>6&uint64(len(b)-1)]&(1<<(n&63)) != 0 }
