//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCompareSigns(t *testing.T) {
	pairs := func(same, opposite, zero int) []SignPair {
		var out []SignPair
		for range same {
			out = append(out, SignPair{-5, -5})
		}
		for range opposite {
			out = append(out, SignPair{7, -7})
		}
		for range zero {
			out = append(out, SignPair{0, -7})
		}
		return out
	}
	for _, c := range []struct {
		same, opposite, zero, percent int
		reversed                      bool
	}{
		{3, 97, 50, 97, true}, {1, 9, 0, 90, true}, {2, 9, 0, 81, false}, {97, 3, 0, 3, false}, {0, 4, 0, 100, false}, {0, 0, 9, 0, false},
	} {
		e := CompareSigns(pairs(c.same, c.opposite, c.zero))
		require.Equal(t, c.same+c.opposite, e.Joined)
		require.Equal(t, c.percent, e.Percent())
		require.Equal(t, c.reversed, e.Reversed(), "%+v", c)
	}
}
