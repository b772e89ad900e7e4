package solver

import "sync/atomic"

// SimilarityCache remembers results of one rule by two text numbers, which it keeps in full, so that a hit is never
// another pair's. It forgets what is overwritten.
type SimilarityCache []atomic.Uint64

const (
	similaritySlots  = 1 << 16
	similarityIDBits = 25 // a pair of numbers and a result fill a word; more than 33 million texts are not remembered
)

// NewSimilarityCache is an empty one.
func NewSimilarityCache() SimilarityCache { return make(SimilarityCache, similaritySlots) }

func (c SimilarityCache) slot(left, right uint32) *atomic.Uint64 {
	mixed := (uint64(left)<<32 | uint64(right)) * 0x9e3779b97f4a7c15
	return &c[mixed>>48%similaritySlots]
}

// Find is the similarity of two texts, where it is remembered.
func (c SimilarityCache) Find(left, right uint32) (int64, bool) {
	if len(c) == 0 {
		return 0, false
	}
	word := c.slot(left, right).Load()
	if word>>14 != uint64(left)<<similarityIDBits|uint64(right) || word == 0 {
		return 0, false
	}
	return int64(word & (1<<14 - 1)), true
}

// Keep remembers the similarity of two texts.
func (c SimilarityCache) Keep(left, right uint32, similarity int64) {
	if len(c) > 0 && left>>similarityIDBits == 0 && right>>similarityIDBits == 0 {
		c.slot(left, right).Store((uint64(left)<<similarityIDBits|uint64(right))<<14 | uint64(similarity))
	}
}
