//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine/solver"
)

// TestForced: which row of a node pairs with which is a choice only between rows of different content.
func TestForced(t *testing.T) {
	for name, c := range map[string]struct {
		left, right             bool // rows of different content
		leftRoom, rightRoom     int64
		leftPartners, rightPart int32
		want                    bool
	}{
		"equal rows both sides":               {want: true, leftPartners: 1, rightPart: 1},
		"equal rows, some left over":          {want: true, leftRoom: 5, leftPartners: 2, rightPart: 1},
		"different left, all to equal rights": {left: true, want: true, leftPartners: 1, rightPart: 1},
		"different left, one left over":       {left: true, leftRoom: 1, leftPartners: 1, rightPart: 1},
		"different left, two partners":        {left: true, leftPartners: 2, rightPart: 1},
		"different on both sides":             {left: true, right: true, leftPartners: 1, rightPart: 1},
		"different right, one left over":      {right: true, rightRoom: 1, leftPartners: 1, rightPart: 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := &block{nodes: [2][]node{{{distinct: c.left}}, {{distinct: c.right}}}}
			a := &solver.Assignment{Capacity: [2][]int64{{c.leftRoom}, {c.rightRoom}}}
			require.Equal(t, c.want, b.forced(a, [2][]int32{{c.leftPartners}, {c.rightPart}}, &solver.Flow{Pairs: 1}))
		})
	}
}
