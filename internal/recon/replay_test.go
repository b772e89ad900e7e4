//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReplay_Differ(t *testing.T) {
	t.Parallel()
	var r Replay
	r.Differ("", "resultHash", "a", "a")
	require.Zero(t, r.DifferencesTotal)
	for range replayDifferencesMax + 5 {
		r.Differ("g", "score", "100", "70")
	}
	require.Len(t, r.Differences, replayDifferencesMax)
	require.EqualValues(t, replayDifferencesMax+5, r.DifferencesTotal)
	require.Equal(t, ReplayDifference{"g", "score", "100", "70"}, r.Differences[0])
}
