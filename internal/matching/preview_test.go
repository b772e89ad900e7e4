//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestPreviewsEnd(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 60))
	b.load(t, b.right, rows("R", 60))
	first := b.run(t, s, recon.RunDry)
	require.NotEmpty(t, b.groups(t, recon.GroupFilter{RunID: first.ID}))

	second := b.run(t, s, recon.RunDry)
	require.Empty(t, b.groups(t, recon.GroupFilter{RunID: first.ID}), "the next run of the context ends it")
	require.NotEmpty(t, b.groups(t, recon.GroupFilter{RunID: second.ID}))
	require.NotEmpty(t, b.stored(t, first.ID).Summary, "what it said in sum stays")

	before := b.contextID
	b.contextID, b.left, b.right = b.newContext(t, "other")
	b.run(t, s, recon.RunDry)
	require.NotEmpty(t, b.groups(t, recon.GroupFilter{RunID: second.ID}), "another context's run does not")
	b.contextID = before
	committed := b.run(t, s, recon.RunCommit)
	require.Empty(t, b.groups(t, recon.GroupFilter{RunID: second.ID}))
	b.run(t, s, recon.RunDry)
	require.NotEmpty(t, b.groups(t, recon.GroupFilter{RunID: committed.ID}), "what a run committed stays")
}
