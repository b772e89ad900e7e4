package solver

import (
	"cmp"
	"slices"
)

const (
	radixBits = 11
	radixSize = 1 << radixBits
	radixMask = radixSize - 1
	// radixLeast is where a comparison sort stops being faster: below it the histogram costs more than the sort.
	radixLeast = 2048
)

// Sort orders items by key, stably, by radix. Keys are counted from the least one and digits that are 0 in all of
// them are skipped, so a day or an amount costs one to three passes, whatever its sign.
func Sort(items []uint32, key func(uint32) uint64) {
	if len(items) < radixLeast {
		slices.SortStableFunc(items, func(a, b uint32) int { return cmp.Compare(key(a), key(b)) })
		return
	}
	keys, least := make([]uint64, len(items)), ^uint64(0)
	for i, item := range items {
		keys[i] = key(item)
		least = min(least, keys[i])
	}
	differ := uint64(0)
	for i := range keys {
		keys[i] -= least
		differ |= keys[i]
	}
	itemsTo, keysTo := make([]uint32, len(items)), make([]uint64, len(items))
	from, fromKeys := items, keys
	for shift := 0; shift < 64; shift += radixBits {
		if differ>>shift&radixMask == 0 {
			continue
		}
		var at [radixSize]uint32
		for _, k := range fromKeys {
			at[k>>shift&radixMask]++
		}
		sum := uint32(0)
		for i := range at {
			at[i], sum = sum, sum+at[i]
		}
		for i, k := range fromKeys {
			digit := k >> shift & radixMask
			itemsTo[at[digit]], keysTo[at[digit]] = from[i], k
			at[digit]++
		}
		from, itemsTo = itemsTo, from
		fromKeys, keysTo = keysTo, fromKeys
	}
	if len(from) > 0 && &from[0] != &items[0] {
		copy(items, from)
	}
}
