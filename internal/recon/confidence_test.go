//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfidenceOf(t *testing.T) {
	t.Parallel()
	decided := []ScoreDecisions{{50, 1, 3}, {55, 2, 0}, {60, 9, 0}, {100, 1, 2}}
	require.Equal(t, &Confidence{RightPercent: 50, Decisions: 6}, ConfidenceOf(50, decided))
	require.Equal(t, &Confidence{RightPercent: 80, Decisions: 15}, ConfidenceOf(55, decided))
	require.Equal(t, &Confidence{RightPercent: 33, Decisions: 3}, ConfidenceOf(100, decided))
	require.Nil(t, ConfidenceOf(80, decided), "nobody decided on a group of about this score")
	require.Nil(t, ConfidenceOf(80, nil))
}
