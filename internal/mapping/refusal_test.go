//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	wrong := func(field, value string) *Row {
		return &Row{Verdict: Rejected, Wrong: []recon.RowError{{Line: 9, Field: field, Code: "X", Value: value, Reason: "is wrong"}}}
	}
	count := func(good int, refused ...*Row) *refusals {
		var r refusals
		for range good {
			r.count(&Row{})
		}
		for _, row := range refused {
			r.count(row)
		}
		return &r
	}
	five := int64(5)
	require.NoError(t, count(10).verdict(nil, true))
	require.NoError(t, count(10, wrong("amount", "x")).verdict(nil, false), "one mistake in a short file")
	require.ErrorContains(t, count(10, wrong("amount", "x")).verdict(nil, true), "at most 0 may be left out")
	require.ErrorContains(t, count(10, wrong("amount", "x"), wrong("kind", "y")).verdict(nil, false), "2 of 12 rows cannot be read, and at most 1")
	require.NoError(t, count(400, wrong("amount", "x"), wrong("date", "2"), wrong("id", "")).verdict(nil, false), "under one in a hundred")
	same := count(400, wrong("date", "1/2"), wrong("date", "13/14"), wrong("date", "7/8"))
	require.ErrorContains(t, same.verdict(nil, false), "all wrong in the same way")
	require.NoError(t, same.verdict(&five, true), "the caller takes them")
	require.ErrorContains(t, count(0, wrong("date", "x")).verdict(&five, false), "1 of 1 row cannot be read; most because of date: is wrong (1 row, the first on line 9)")
}
