//go:build unit || !integration

package matching

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// A decision between two looks may have changed a group that the first one read.
func TestReturnsOfGroupsThatAPersonTouchedAreReadAgain(t *testing.T) {
	t.Parallel()
	back, in := &returns{}, postgres.RunInput{Context: recon.Context{Decisions: 3}}
	require.NoError(t, back.fill(&in))
	back.add(&postgres.SettledGroup{ID: 7, RowSet: recon.RowSet{Left: []int64{1}, Right: []int64{11, 12}}})
	back.add(&postgres.SettledGroup{ID: 8, RowSet: recon.RowSet{Left: []int64{2}, Right: []int64{13}}})
	back.taken[8] = true
	require.NoError(t, back.fill(&in))
	require.Equal(t, []recon.RowSet{{Left: []int64{2}, Right: []int64{13}}}, in.Options.Rejected, "it is not offered again")
	require.Equal(t, map[int64]givenRow{
		1: givenSettled, 11: givenSettled, 12: givenSettled, 2: givenOpen, 13: givenOpen,
	}, givenRows(&in.Options))
	in.Context.Decisions++
	require.ErrorIs(t, back.fill(&in), postgres.ErrRowsMoved)
}
