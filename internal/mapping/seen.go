package mapping

import "hash/maphash"

// seen is a map from identities to values, for millions of them. Go's own map opens two places in memory for each new
// key, at random, and copies all of them when it grows: together a quarter of what reading two files takes. Here values
// are written in their order, and a new key opens one place of the index. The zero value is ready.
type seen[V any] struct {
	seed    maphash.Seed
	slots   []uint64 // half a hash, and 1 + the position of an entry; 0: none. A power of two, half full at most
	entries [][]seenEntry[V]
	size    int
}

type seenEntry[V any] struct {
	key   [16]byte
	value V
}

const (
	seenSlotsMin  = 1 << 10
	seenChunkBits = 12 // entries that are allocated at once: 4096
)

func (s *seen[V]) at(position uint32) *seenEntry[V] {
	return &s.entries[position>>seenChunkBits][position&(1<<seenChunkBits-1)]
}

// slot returns where a key is in slots, or would be, and half of its hash.
func (s *seen[V]) slot(key *[16]byte) (int, uint32) {
	hash := uint32(maphash.Bytes(s.seed, key[:]))
	mask := len(s.slots) - 1
	i := int(hash) & mask
	for s.slots[i] != 0 && (uint32(s.slots[i]>>32) != hash || s.at(uint32(s.slots[i])-1).key != *key) {
		i = (i + 1) & mask
	}
	return i, hash
}

// touch fetches where a key is looked for into the cache: many keys touched in a row wait for memory once.
func (s *seen[V]) touch(key *[16]byte) uint64 {
	if s.size == 0 {
		return 0
	}
	return s.slots[int(uint32(maphash.Bytes(s.seed, key[:])))&(len(s.slots)-1)]
}

// find returns the value of a key, nil where it has none. It is valid until the next put.
func (s *seen[V]) find(key [16]byte) *V {
	if s.size == 0 {
		return nil
	}
	i, _ := s.slot(&key)
	if s.slots[i] == 0 {
		return nil
	}
	return &s.at(uint32(s.slots[i]) - 1).value
}

// put returns the value of a key, a new one where it has none.
func (s *seen[V]) put(key [16]byte) *V {
	if s.size*2 >= len(s.slots) {
		s.grow()
	}
	i, hash := s.slot(&key)
	if s.slots[i] == 0 {
		if s.size&(1<<seenChunkBits-1) == 0 {
			s.entries = append(s.entries, make([]seenEntry[V], 0, min(s.size, 1<<seenChunkBits))) // few need little
		}
		last := &s.entries[len(s.entries)-1]
		*last = append(*last, seenEntry[V]{key: key})
		s.size++
		s.slots[i] = uint64(hash)<<32 | uint64(s.size)
	}
	return &s.at(uint32(s.slots[i]) - 1).value
}

func (s *seen[V]) grow() {
	if len(s.slots) == 0 {
		s.seed = maphash.MakeSeed() // a file cannot be written so that its ids fall on one slot
	}
	before := s.slots
	s.slots = make([]uint64, max(seenSlotsMin, 2*len(before)))
	mask := len(s.slots) - 1
	for _, slot := range before {
		if slot == 0 {
			continue
		}
		i := int(slot>>32) & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = slot
	}
}

// each gives every entry, in the order in which they were put.
func (s *seen[V]) each(do func(key [16]byte, value V)) {
	for _, chunk := range s.entries {
		for i := range chunk {
			do(chunk[i].key, chunk[i].value)
		}
	}
}
