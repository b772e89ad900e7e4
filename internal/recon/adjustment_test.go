//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPostingMove(t *testing.T) {
	for _, c := range []struct {
		from, to PostingStatus
		allowed  bool
	}{
		{Unposted, Posted, true},
		{Posted, Reversed, true},
		{Unposted, Reversed, true},
		{Posted, Posted, false},
		{Reversed, Posted, false},
		{Reversed, Reversed, false},
		{Posted, Unposted, false},
	} {
		require.Equal(t, c.allowed, PostingMove(c.from, c.to) == nil, "%s to %s", c.from, c.to)
	}
}
