package recon

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// Allocate splits a total over shares in proportion to their weights, to the last minor unit: each share is cut towards
// zero and the units left over go to the largest remainders, the first of equals first. The shares always sum to the
// total, and none has the other sign. Weights count by magnitude; where all are zero, they count alike.
func Allocate(total Minor, weights []Minor) []Minor {
	shares := make([]Minor, len(weights))
	if len(weights) == 0 {
		return shares
	}
	sizes, sum := allocationWeights(weights)
	remainders := make([]uint64, len(weights))
	left := uint64(total.Abs())
	for i, size := range sizes {
		hi, lo := bits.Mul64(uint64(total.Abs()), size)
		quotient, rest := bits.Div64(hi, lo, sum)
		shares[i], remainders[i] = Minor(quotient), rest
		left -= quotient
	}
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range order[:left] {
		shares[i]++
	}
	if total < 0 {
		for i := range shares {
			shares[i] = -shares[i]
		}
	}
	return shares
}

// allocationWeights are magnitudes whose sum fits in 63 bits: where it does not, all are halved until it does, which
// moves a share by less than a unit in 2^50.
func allocationWeights(weights []Minor) (sizes []uint64, sum uint64) {
	sizes = make([]uint64, len(weights))
	for shift := 0; ; shift++ {
		var carry uint64
		sum = 0
		for i, w := range weights {
			sizes[i] = uint64(w.Abs()) >> shift
			var over uint64
			sum, over = bits.Add64(sum, sizes[i], 0)
			carry += over
		}
		if carry == 0 && sum < math.MaxInt64 {
			break
		}
	}
	if sum == 0 {
		for i := range sizes {
			sizes[i] = 1
		}
		sum = uint64(len(sizes))
	}
	return sizes, sum
}
